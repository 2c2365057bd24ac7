"""The hours in which support is open, as instants: open time between two of them, and due times.

It imports the definitions only. Start at `timetable.Timetable`.
"""
