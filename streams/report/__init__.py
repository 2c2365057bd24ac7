"""The report of a week or a month: numbers with bounds and changes, what explains them, and what is urgent.

Imports `models`, `errors`, `rollup`, `monitoring` and `http`. The command line chooses the source and the
form. Start at `content`, which makes the report from the series; `text_form`, `markdown_form`, `html_form`
and `mail_form` write it.
"""
