//! Delta (<https://learn.microsoft.com/graph/delta-query-overview>): rounds of pages, tokens that say where a client is.
//!
//! A token holds all that is needed to go on, signed, so that one of another mailbox or folder is known as such. A round tells what
//! there was when it began; what changes while it is paged through comes in the next one.

use crate::graph::answer::{Answer, Refusal, Result, Says, refusal};
use crate::graph::ask::Ask;
use crate::graph::bytes;
use crate::graph::odata::{Filter, View, page_size};
use crate::graph::store::{Gone, Mailbox, Row, Scope};
use crate::graph::world::World;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Where a client is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    /// What is followed: mailbox, kind, folder.
    pub(crate) what: String,
    pub(crate) epoch: u64,
    /// The number of the last change that the client knows of; None in a first round.
    pub(crate) since: Option<u64>,
    /// The last change that this round tells.
    pub(crate) until: u64,
    /// The last row that was told in this round: its place, and which of the rows at that place.
    pub(crate) after: Option<(u64, usize)>,
    /// When it was given out, in seconds since 1970.
    #[serde(default)]
    pub(crate) at: i64,
    /// Options of the first request.
    pub(crate) options: Vec<(String, String)>,
}

/// Options that a round remembers.
const REMEMBERED: &[&str] = &["select", "expand", "filter", "top", "startdatetime", "enddatetime", "changetype", "orderby"];

/// A round that a request begins or goes on with.
pub(crate) struct Round {
    pub(crate) token: Token,
    /// Only the token is wanted, as from `$deltatoken=latest`.
    latest: bool,
}

impl Round {
    /// Reads where a client is: `what` is followed, of a mailbox whose last change is `seq`.
    ///
    /// # Errors
    /// 410 for tokens that are no longer good, 400 for those that never were for this.
    pub(crate) fn read(world: &World, ask: &Ask, what: &str, seq: u64, undone: &[(u64, u64)]) -> Result<Self> {
        let token = ask.option("deltatoken").or_else(|| ask.option("skiptoken")).filter(|token| !token.is_empty());
        let epoch = world.store.epoch;
        let Some(text) = token.filter(|token| *token != "latest") else {
            let options = ask.query.iter().filter(|(name, _)| REMEMBERED.contains(&name.as_str())).cloned().collect();
            let at = world.now().as_second();
            let token = Token { what: what.to_owned(), epoch, since: None, until: seq, after: None, at, options };
            return Ok(Self { token, latest: token_is_latest(ask) });
        };
        let token = open(&world.secret(), text).ok_or_else(|| refusal(400, "SyncStateInvalid", "The sync state is invalid."))?;
        if token.what != what {
            return Err(refusal(400, "SyncStateInvalid", "The sync state is not one of this collection."));
        }
        let seen = token.since.unwrap_or(token.until).max(token.until);
        let lost = token.epoch != epoch || undone.iter().any(|(from, to)| (*from + 1..=*to).contains(&seen));
        if lost {
            let again = ask.with(&[("$deltatoken", String::new())]);
            return Err(lost_state(&again));
        }
        let token = match ask.option("deltatoken") {
            // A finished round is the start of the next.
            Some(_) => Token { since: Some(token.until), until: seq.max(token.until), after: None, ..token },
            None => token,
        };
        Ok(Self { token, latest: false })
    }

    /// # Errors
    /// 410 if the token was given out longer ago than so many seconds.
    pub(crate) fn not_older_than(&self, world: &World, ask: &Ask, seconds: i64) -> Result<()> {
        if world.now().as_second() - self.token.at > seconds {
            return Err(lost_state(&ask.with(&[("$deltatoken", String::new())])));
        }
        Ok(())
    }

    /// The request with the options that the round began with.
    pub(crate) fn asked(&self, ask: &Ask) -> Ask {
        let mut asked = ask.clone();
        asked.query.retain(|(name, _)| !REMEMBERED.contains(&name.as_str()));
        asked.query.extend(self.token.options.iter().cloned());
        asked
    }

    /// The page: `places` are in order, `rows` says what to tell of each.
    pub(crate) fn page<T>(
        self,
        world: &World,
        ask: &Ask,
        says: Says,
        context: Value,
        places: Vec<(u64, T)>,
        rows: &dyn Fn(&T) -> Vec<Value>,
    ) -> Answer {
        let rules = &world.rules.delta;
        let asked = self.asked(ask);
        let size = page_size(&asked);
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), context);
        let mut told: Vec<Value> = Vec::new();
        let mut token = self.token;
        let mut more = false;
        if rules.empty_first_page && token.after.is_none() && !self.latest {
            (more, token.after) = (true, Some((0, 0)));
        } else if !self.latest {
            'places: for (place, thing) in places {
                if token.after.is_some_and(|(at, _)| place < at) {
                    continue;
                }
                for (index, row) in (1..).zip(rows(&thing)) {
                    if token.after.is_some_and(|after| (place, index) <= after) {
                        continue;
                    }
                    if told.len() >= size {
                        more = true;
                        break 'places;
                    }
                    if rules.tells_twice {
                        told.push(row.clone());
                    }
                    told.push(row);
                    token.after = Some((place, index));
                }
            }
        }
        let secret = world.secret();
        token.at = world.now().as_second();
        let link = if more {
            ("@odata.nextLink", ask.with(&[("$skiptoken", seal(&secret, &token))]))
        } else {
            token.after = None;
            ("@odata.deltaLink", ask.with(&[("$deltatoken", seal(&secret, &token))]))
        };
        body.insert(link.0.to_owned(), Value::from(link.1));
        let value = if told.is_empty() && rules.null_value { Value::Null } else { Value::Array(told) };
        let says = if value.is_null() { Says::Nothing } else { says };
        body.insert("value".to_owned(), value);
        Answer::json(200, Value::Object(body), says)
    }
}

fn token_is_latest(ask: &Ask) -> bool {
    ask.option("deltatoken") == Some("latest")
}

/// 410, with the address of a new start.
fn lost_state(again: &str) -> Box<Refusal> {
    refusal(410, "SyncStateNotFound", "The sync state generation is not found; a full synchronization is needed.").header("location", again)
}

/// What there is to tell of items in a folder: all of them in a first round, then what has changed.
pub(crate) fn places(mailbox: &Mailbox, round: &Round, scope: Scope, immutable: bool, forgets_returns: bool) -> Vec<(u64, Row)> {
    match round.token.since {
        None => mailbox.of(scope.kind, scope.parent).into_iter().map(|item| (item.key, Row::There(item.key))).collect(),
        Some(since) => mailbox.changes(scope, since, round.token.until, immutable, forgets_returns),
    }
}

/// The row of something that is gone.
pub(crate) fn removed(id: String, gone: Gone) -> Value {
    let reason = match gone {
        Gone::Deleted => "deleted",
        Gone::Changed => "changed",
    };
    json!({"id": id, "@removed": {"reason": reason}})
}

/// Shows an item of a key, if it is still there and what the filter wants.
pub(crate) type Shown<'a> = &'a dyn Fn(u64, &View, Option<&Filter>) -> Option<Value>;

/// Delta over the items of a mailbox.
pub(crate) struct Followed<'a> {
    pub(crate) scope: Scope,
    /// Its type in the table.
    pub(crate) of: &'static str,
    /// Options that are refused here.
    pub(crate) refused: &'a [&'a str],
    pub(crate) context: Value,
}

impl Followed<'_> {
    /// The answer; `show` shows an item.
    ///
    /// # Errors
    /// What the token or the options are refused with.
    pub(crate) fn answer(&self, world: &World, mailbox: &Mailbox, ask: &Ask, show: Shown<'_>) -> Result {
        refuse_options(ask, self.refused)?;
        let Scope { kind, parent } = self.scope;
        let what = format!("{}/{kind:?}/{parent:?}", mailbox.owner.to_lowercase());
        let round = Round::read(world, ask, &what, mailbox.seq, &mailbox.undone)?;
        let view = View::read(&round.asked(ask), self.of)?;
        let rules = &world.rules.delta;
        let places = places(mailbox, &round, self.scope, ask.prefer.immutable, rules.forgets_returns);
        let asked = round.asked(ask);
        let filter = asked.option("filter").map(|text| Filter::read(text, self.of)).transpose()?;
        let wanted = asked.option("changetype").map(str::to_lowercase);
        let wants = |change: &str| wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|one| one.trim() == change));
        let since = round.token.since;
        let rows = |row: &Row| match row {
            Row::There(key) if !wants(if mailbox.came(*key, since) { "created" } else { "updated" }) => Vec::new(),
            Row::Gone(..) if !wants("deleted") => Vec::new(),
            Row::There(key) => show(*key, &view, filter.as_ref()).into_iter().collect(),
            Row::Gone(key, generation, gone) => {
                let form = if kind.is_container() { crate::graph::ids::Form::Default } else { view.form };
                let id = crate::graph::ids::write(&mailbox.secret, *key, None, *generation, form);
                vec![removed(id, if rules.removed_as_changed { Gone::Changed } else { *gone })]
            }
        };
        Ok(round.page(world, ask, Says::Many(self.of), self.context.clone(), places, &rows))
    }
}

/// # Errors
/// 400 if one of the options is there.
pub(crate) fn refuse_options(ask: &Ask, refused: &[&str]) -> Result<()> {
    match refused.iter().find(|name| ask.option(name).is_some()) {
        Some(name) => Err(refusal(
            400,
            "ErrorInvalidUrlQuery",
            format!("The following parameters are not supported with change tracking over this resource: '${name}'."),
        )),
        None => Ok(()),
    }
}

fn seal(secret: &[u8], token: &Token) -> String {
    let json = serde_json::to_vec(token).unwrap_or_default();
    let mut raw = signature(secret, &json);
    raw.extend(json);
    bytes::encode_for_url(&raw).trim_end_matches('=').to_owned()
}

fn open(secret: &[u8], text: &str) -> Option<Token> {
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    let raw = bytes::decode_for_url(&format!("{text}{padding}"))?;
    let (signed, json) = raw.split_at_checked(8)?;
    if signature(secret, json) != signed {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn signature(secret: &[u8], json: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(secret).chain_update(b"token").chain_update(json).finalize().iter().take(8).copied().collect()
}
