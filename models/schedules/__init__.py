"""Local time as instants: the hours in which support is open, due times by these hours, and calendar months.

It imports the definitions only. Start at `timetable.Timetable`; `months` is for cohorts, `periods` for
closed periods.
"""
