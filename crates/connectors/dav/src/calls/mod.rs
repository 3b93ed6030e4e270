//! Requests and answers without I/O: bodies are written, answers are read.

pub(crate) mod bodies;
pub(crate) mod multistatus;
pub(crate) mod props;
mod words;

pub(crate) use bodies::Protocol;
pub(crate) use multistatus::{Multistatus, Preconditions, Response, refusal};
pub(crate) use props::Props;
