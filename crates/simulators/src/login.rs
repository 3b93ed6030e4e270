//! Who is there: Basic (RFC 7617), Digest (RFC 7616, checked for real), bearer tokens.

use crate::answer::Answer;
use crate::hash;
use crate::personality::{Challenge, DigestAlgorithm};
use crate::world::World;
use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long a nonce is fresh.
const FRESH: SignedDuration = SignedDuration::from_secs(300);

/// The nonces that were given out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nonces {
    given: u64,
    /// When it was given, how often it was used, and the highest count.
    known: BTreeMap<String, (Timestamp, u32, u32)>,
}

/// What the credentials of a request are worth.
enum Verdict {
    User(String),
    Stale,
    Unknown,
}

/// The user of a request, or the 401 that it is answered with.
pub(crate) fn user(world: &mut World, method: &str, target: &str, header: Option<&str>) -> Result<String, Answer> {
    if world.personality.login.open {
        return world.users.first().map(|user| user.name.clone()).ok_or_else(|| Answer::of(403));
    }
    let verdict = header.map_or(Verdict::Unknown, |header| judged(world, method, target, header));
    match verdict {
        Verdict::User(name) => Ok(name),
        Verdict::Stale => Err(challenged(world, true)),
        Verdict::Unknown => Err(challenged(world, false)),
    }
}

fn challenged(world: &mut World, stale: bool) -> Answer {
    let now = world.now();
    let rules = world.personality.login.clone();
    let mut answer = Answer::text(401, "Access to the requested resource forbidden.");
    if rules.closes {
        answer = answer.header("connection", "close");
    }
    if rules.silent {
        return answer;
    }
    for challenge in &rules.challenges {
        let value = match challenge {
            Challenge::Basic => format!("Basic realm=\"{}\", charset=\"UTF-8\"", rules.realm),
            Challenge::Bearer => format!("Bearer realm=\"{}\"", rules.realm),
            Challenge::Foreign(scheme) => format!("{scheme} realm=\"{}\"", rules.realm),
            Challenge::Digest(algorithm) => {
                world.nonces.given += 1;
                let nonce = hash::md5(format!("nonce {}", world.nonces.given).as_bytes());
                world.nonces.known.insert(nonce.clone(), (now, 0, 0));
                let opaque = hash::md5(rules.realm.as_bytes());
                let stale = if stale { ", stale=true" } else { "" };
                let algorithm = algorithm_name(*algorithm);
                format!(
                    "Digest realm=\"{}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"{opaque}\"{stale}",
                    rules.realm
                )
            }
        };
        answer = answer.header("www-authenticate", value);
    }
    answer
}

const fn algorithm_name(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Md5 => "MD5",
        DigestAlgorithm::Sha256 => "SHA-256",
    }
}

fn judged(world: &mut World, method: &str, target: &str, header: &str) -> Verdict {
    let Some((scheme, rest)) = header.split_once(' ') else { return Verdict::Unknown };
    let rules = &world.personality.login;
    let accepts = |wanted: &Challenge| rules.challenges.contains(wanted) || rules.silent && *wanted == Challenge::Basic;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" if accepts(&Challenge::Basic) => {
            let decoded =
                base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some((name, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) else { return Verdict::Unknown };
            found(world, |user| user.name == name && user.password == password)
        }
        "bearer" if accepts(&Challenge::Bearer) => found(world, |user| user.password == rest.trim()),
        "digest" => digest(world, method, target, rest),
        _ => Verdict::Unknown,
    }
}

fn found(world: &World, fits: impl Fn(&crate::world::User) -> bool) -> Verdict {
    world.users.iter().find(|user| fits(user)).map_or(Verdict::Unknown, |user| Verdict::User(user.name.clone()))
}

/// RFC 7616 section 3.4: the response is computed again, nonce and count are looked up, `uri` is the request's target.
fn digest(world: &mut World, method: &str, target: &str, rest: &str) -> Verdict {
    let fields = fields(rest);
    let get = |name: &str| fields.get(name).map(String::as_str);
    let algorithm = match get("algorithm").unwrap_or("MD5").to_ascii_uppercase().as_str() {
        "MD5" => DigestAlgorithm::Md5,
        "SHA-256" => DigestAlgorithm::Sha256,
        _ => return Verdict::Unknown,
    };
    let rules = &world.personality.login;
    if !rules.challenges.contains(&Challenge::Digest(algorithm)) || get("realm") != Some(rules.realm.as_str()) || get("uri") != Some(target)
    {
        return Verdict::Unknown;
    }
    let (Some(name), Some(nonce), Some(response)) = (get("username"), get("nonce"), get("response")) else { return Verdict::Unknown };
    let Some(user) = world.users.iter().find(|user| user.name == name) else { return Verdict::Unknown };
    let hashed = |text: String| match algorithm {
        DigestAlgorithm::Md5 => hash::md5(text.as_bytes()),
        DigestAlgorithm::Sha256 => hash::sha256(text.as_bytes()),
    };
    let first = hashed(format!("{name}:{}:{}", rules.realm, user.password));
    let second = hashed(format!("{method}:{target}"));
    let (Some("auth"), Some(nc), Some(cnonce)) = (get("qop"), get("nc"), get("cnonce")) else { return Verdict::Unknown };
    if hashed(format!("{first}:{nonce}:{nc}:{cnonce}:auth:{second}")) != response {
        return Verdict::Unknown;
    }
    let Ok(count) = u32::from_str_radix(nc, 16) else { return Verdict::Unknown };
    let (now, most) = (world.now(), rules.nonce_uses);
    let user = user.name.clone();
    let Some((given, uses, highest)) = world.nonces.known.get_mut(nonce) else { return Verdict::Stale };
    if now.duration_since(*given) > FRESH || most.is_some_and(|most| *uses >= most) || count <= *highest {
        return Verdict::Stale;
    }
    *uses += 1;
    *highest = count;
    Verdict::User(user)
}

fn fields(rest: &str) -> BTreeMap<String, String> {
    let (mut fields, mut quoted, mut part) = (BTreeMap::new(), false, String::new());
    let mut keep = |part: &str| {
        if let Some((name, value)) = part.split_once('=') {
            fields.insert(name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned());
        }
    };
    for c in rest.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                part.push(c);
            }
            ',' if !quoted => {
                keep(&part);
                part.clear();
            }
            _ => part.push(c),
        }
    }
    keep(&part);
    fields
}
