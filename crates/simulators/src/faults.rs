//! What goes wrong, as data: which requests, and how.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Rules in order; the first that matches a request is applied to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// What the generator of probabilities starts from: the same seed and requests give the same faults.
    pub seed: u64,
    /// The rules.
    pub rules: Vec<FaultRule>,
}

/// When a fault is applied. What is not said matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// The method, in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the decoded path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The how-manieth request that matches the two above, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Every so-manieth of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// The share of them, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How often at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens.
    #[serde(flatten)]
    pub fault: Fault,
}

impl FaultRule {
    /// A rule for every request.
    #[must_use]
    pub const fn always(fault: Fault) -> Self {
        Self { method: None, path: None, nth: None, every: None, probability: None, times: None, fault }
    }

    /// A rule for the requests of a method.
    #[must_use]
    pub fn on(method: &str, fault: Fault) -> Self {
        Self { method: Some(method.to_owned()), ..Self::always(fault) }
    }

    /// Only paths that contain `part`.
    #[must_use]
    pub fn at(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only the `n`th request that matches, from 1.
    #[must_use]
    pub const fn nth(mut self, n: u64) -> Self {
        self.nth = Some(n);
        self
    }

    /// Only every `n`th request that matches.
    #[must_use]
    pub const fn every(mut self, n: u64) -> Self {
        self.every = Some(n);
        self
    }

    /// `n` times at most.
    #[must_use]
    pub const fn times(mut self, n: u64) -> Self {
        self.times = Some(n);
        self
    }

    /// With this probability, from 0 to 1.
    #[must_use]
    pub const fn probability(mut self, share: f64) -> Self {
        self.probability = Some(share);
        self
    }
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Fault {
    /// This status, and nothing is done.
    Status {
        /// The status.
        code: u16,
        /// `Retry-After`, seconds or a date.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// 200 with an HTML page, as captive portals answer everything; nothing is done.
    LoginPage,
    /// 207 whose one member, the path that was asked for, has this status; nothing is done.
    RefusedInside {
        /// The status.
        code: u16,
    },
    /// The connection breaks before anything is done.
    ResetBefore,
    /// All is done, then the connection breaks without an answer.
    ResetAfter,
    /// All is done, then this status is answered.
    StatusAfter {
        /// The status.
        code: u16,
    },
    /// The answer's body breaks off after so many bytes.
    Truncate {
        /// Bytes of the body that still arrive.
        bytes: usize,
    },
    /// The answer comes late.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// All sync tokens expire before the request is answered.
    ExpireTokens,
    /// This and the next reports see what was there before the last write; n in all.
    LaggingReads {
        /// How many.
        reports: u64,
    },
    /// The answer's `Content-Type` is this one.
    ContentType {
        /// The type.
        value: String,
    },
    /// A multigetlike answer lacks its how-manieth member, from 1.
    DropMember {
        /// Which.
        index: usize,
    },
    /// Listings and reports have no members.
    EmptyListing,
    /// The properties of homes are gone.
    VanishedHome,
    /// A listing has `null` instead of its members. Graph alone.
    NullValue,
    /// A listing does not say where its next page is. Graph alone.
    NoNextLink,
    /// The addresses of next pages and rounds name this host. Graph alone.
    ForeignLinks {
        /// The host, with a port if it has one.
        host: String,
    },
    /// Whatever may be null is null: the properties of what is answered, or if `deep` those within them. Graph alone.
    Nulls {
        /// See above.
        #[serde(default)]
        deep: bool,
    },
    /// Enumerations have a member, and objects a property, that nobody knows yet. Graph alone.
    Unknowns,
    /// 307 to this address, and nothing is done.
    Redirect {
        /// Where to.
        to: String,
    },
}

/// Why a text is no plan.
#[derive(Debug, thiserror::Error)]
#[error("the fault plan cannot be read: {0}")]
pub struct BadPlan(String);

impl FaultPlan {
    /// A plan of these rules, seed 0.
    #[must_use]
    pub fn of(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self { seed: 0, rules: rules.into_iter().collect() }
    }

    /// A plan from TOML: `seed = 1` and `[[rules]]` with `method`, `path`, `nth`, `every`, `probability`, `times` and `do`.
    ///
    /// # Errors
    /// If it is not TOML, or not a plan.
    pub fn from_toml(text: &str) -> Result<Self, BadPlan> {
        toml::from_str(text).map_err(|error| BadPlan(error.to_string()))
    }

    /// A plan from JSON, of the same shape.
    ///
    /// # Errors
    /// If it is not JSON, or not a plan.
    pub fn from_json(text: &str) -> Result<Self, BadPlan> {
        serde_json::from_str(text).map_err(|error| BadPlan(error.to_string()))
    }
}

/// A plan at work: what matched how often, and where the generator is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    plan: FaultPlan,
    matched: Vec<u64>,
    applied: Vec<u64>,
    state: u64,
}

impl Faults {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        let rules = plan.rules.len();
        Self { matched: vec![0; rules], applied: vec![0; rules], state: plan.seed, plan }
    }

    /// Whether a rule may want to show the state before the last write.
    pub(crate) fn lags(&self) -> bool {
        self.plan.rules.iter().any(|rule| matches!(rule.fault, Fault::LaggingReads { .. }))
    }

    /// The faults of this request: the first rule that matches, and the first delay besides.
    pub(crate) fn of(&mut self, method: &str, path: &str) -> Vec<Fault> {
        let mut found: Vec<Fault> = Vec::new();
        let state = &mut self.state;
        let counters = self.matched.iter_mut().zip(self.applied.iter_mut());
        for (rule, (matched, applied)) in self.plan.rules.iter().zip(counters) {
            let here =
                rule.method.as_deref().is_none_or(|wanted| wanted == method) && rule.path.as_deref().is_none_or(|part| path.contains(part));
            if !here {
                continue;
            }
            *matched += 1;
            let drawn = rule.probability.is_none_or(|share| draw(state) < share);
            let due = rule.nth.is_none_or(|nth| nth == *matched)
                && rule.every.is_none_or(|every| every > 0 && matched.is_multiple_of(every))
                && rule.times.is_none_or(|times| *applied < times)
                && drawn;
            let delays = |fault: &Fault| matches!(fault, Fault::Delay { .. });
            let taken = found.iter().any(|fault| delays(fault) == delays(&rule.fault));
            if due && !taken {
                *applied += 1;
                found.push(rule.fault.clone());
            }
        }
        found
    }
}

/// A number from 0 to 1 (splitmix64).
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let bits = u32::try_from(z >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

impl Fault {
    /// How long a delay is; None for all others.
    pub(crate) const fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { ms } => Some(Duration::from_millis(*ms)),
            _ => None,
        }
    }
}
