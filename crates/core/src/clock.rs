//! Time and chance are given to a part, never taken by it.

use futures::future::BoxFuture;
use jiff::Timestamp;
use std::{fmt::Debug, time::Duration};

/// What time it is, and waiting.
///
/// # Behavior
/// - `now` never goes backwards by more than the operating system's own corrections.
/// - `sleep` may be dropped at any time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Ends after `time` has passed on this clock.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// Where unpredictable ids come from.
pub trait Chance: Debug + Send + Sync + 'static {
    /// 64 bits.
    fn next(&self) -> u64;

    /// A fresh id of 26 letters and digits, 125 bits or more of chance.
    fn id(&self) -> String {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut text = String::with_capacity(26);
        for _ in 0..2 {
            let mut bits = self.next();
            for _ in 0..13 {
                // Five bits of 0..32: the index is always inside the table.
                let letter = LETTERS.get((bits & 31) as usize).copied().unwrap_or(b'0');
                text.push(char::from(letter));
                bits >>= 5;
            }
        }
        text
    }
}
