//! What has something in every place that it can have, and what null there comes to.

#![allow(unreachable_pub, reason = "one test program uses it")]

pub mod tables;
pub mod world;
