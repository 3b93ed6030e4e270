//! Time zones: names of every sort, `VTIMEZONE` read and written.
