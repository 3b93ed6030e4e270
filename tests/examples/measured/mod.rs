//! What the examples that are benchmarks share: how a process measures itself, and how it says what it found.

// Programs of which the output is the purpose; each uses what it needs.
#![allow(clippy::print_stdout, clippy::print_stderr, unreachable_pub, missing_docs)]

use pimkit::{Error, ErrorKind, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::process::ExitCode;

/// Reads the count, measures, prints one line of JSON.
pub fn main<T: Serialize, F: Future<Output = Result<T>>>(usage: &str, measure: impl FnOnce(u64) -> F) -> ExitCode {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    let Some(count) = count else {
        eprintln!("error: name the number of contacts: {usage}");
        return ExitCode::from(2);
    };
    // One thread for work that blocks: each further one has memory of its own that what others free never goes back to.
    let runtime = match tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: the runtime cannot be started: {e}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(measure(count)).and_then(|m| serde_json::to_string(&m).map_err(|e| failed(e.to_string()))) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Processor time of the whole process, in seconds.
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The peak of resident memory, in KiB: `VmHWM` (proc(5)).
pub fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|e| failed(format!("/proc/self/status cannot be read; measure on Linux: {e}")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse().ok())
        .ok_or_else(|| failed("/proc/self/status tells no VmHWM".to_owned()))
}

pub fn failed(message: String) -> Error {
    Error::new(ErrorKind::Unexpected, message)
}
