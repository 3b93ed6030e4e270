//! Composed pipelines of pimkit, each a test program of its own in `tests/`; the program `pimkit` is tested in its own
//! crate, where cargo builds it.
