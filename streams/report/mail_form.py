"""A report as a mail, ready for a mail transfer agent: text and HTML, of which the reader's client shows one.

Long lines and characters beyond ASCII are encoded, so that no transfer agent changes them. Pictures are
tables of bars, because many clients show no SVG.
"""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from streams.report import bars, html_form, text_form
from streams.report.content import Report
from streams.report.sections import STAYED


def write(report: Report, to: Sequence[str], at: datetime) -> str:
    """Return the report as a message in the Internet Message Format, in ASCII with line feeds.

    Args:
        report: the report.
        to: addresses of the recipients; without any, the message has no `To`.
        at: time of the message.

    Raises:
        ValueError: an address has a line break.
    """
    message = EmailMessage(policy=SMTP.clone(linesep="\n"))
    message["Subject"] = _subject(report)
    if to:
        message["To"] = ", ".join(to)
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_form.write(report), cte="quoted-printable")
    html = html_form.write(report, bars)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_string()


def _subject(report: Report) -> str:
    """Return a subject that fits one line in ASCII, so that no reader joins or decodes it."""
    stayed = next((one.value for one in report.highlights if one.title == STAYED and one.now.exists), None)
    return report.title if stayed is None else f"{report.title}: {stayed} of customers stayed"
