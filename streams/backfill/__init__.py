"""History from files: read in whatever format, put in event-time order, sent once, and looked back upon."""
