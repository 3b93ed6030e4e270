//! What a sign-in was refused for, and what the user must do.

use crate::Provider;
use pimkit_core::{Error, ErrorKind};
use serde::Deserialize;
use std::fmt;

/// Why a provider refused, as those who must do something about it tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// What was granted has run out or was revoked, or the password is another one.
    SignIn,
    /// The provider wants to ask the user something.
    Interaction,
    /// A second factor is wanted.
    SecondFactor,
    /// Nobody has consented to what is asked for.
    Consent,
    /// Only an administrator can consent.
    AdminConsent,
    /// The user said no.
    Declined,
    /// A policy of the organisation does not let this device, place or app in.
    ConditionalAccess,
    /// The account is switched off.
    AccountDisabled,
    /// The account is locked for a while.
    AccountLocked,
    /// The account is not known there.
    NoAccount,
    /// The account is not among those that may use the app.
    NotAssigned,
    /// The password has run out, or is wrong.
    Password,
    /// The app's secret is wrong.
    Secret,
    /// The app's secret has run out.
    SecretExpired,
    /// The app is registered as one with a secret, and none was sent.
    SecretMissing,
    /// The app is registered as one without a secret, and one was sent.
    SecretUnwanted,
    /// The app is not known, or may not sign in like this.
    Client,
    /// The tenant is not known, or the app is not one for all tenants.
    Tenant,
    /// A scope is not known.
    Scope,
    /// The user took too long.
    Expired,
    /// A code was used before.
    CodeUsed,
    /// The user has not answered yet.
    Pending,
    /// The provider has trouble of its own.
    Trouble,
    /// What was sent is not understood.
    Request,
    /// None of these.
    Other,
}

impl Cause {
    /// What is the matter, and what the user must do, in one line.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::SignIn => "the sign-in has run out or was revoked; sign in again",
            Self::Interaction => "the provider wants to ask something; sign in again, in a browser",
            Self::SecondFactor => "the provider wants a second factor; sign in again, in a browser",
            Self::Consent => "nobody has consented to what the app asks for; sign in again and consent, or have an administrator do it",
            Self::AdminConsent => "only an administrator can consent to what the app asks for; ask one, then sign in again",
            Self::Declined => "the sign-in was declined; sign in again and accept, or ask for less",
            Self::ConditionalAccess => {
                "a policy of the organisation keeps this device or app out; sign in in a browser on a managed device, or ask an administrator"
            }
            Self::AccountDisabled => "the account is disabled; ask an administrator to enable it",
            Self::AccountLocked => "the account is locked; wait, or reset its password, then sign in again",
            Self::NoAccount => "the account is not known in this tenant; check the tenant, or sign in with another account",
            Self::NotAssigned => "the account may not use this app; ask an administrator to assign it",
            Self::Password => "the password has run out or is wrong; set a new one, then sign in again",
            Self::Secret => "the client secret is wrong; take the secret's value, not its id, from the app's registration",
            Self::SecretExpired => "the client secret has run out; make a new one in the app's registration",
            Self::SecretMissing => {
                "the app wants a client secret; give client_secret, or allow public client flows in the app's registration"
            }
            Self::SecretUnwanted => "the app is one without a secret; take client_secret away",
            Self::Client => "the app is not known there, or may not sign in like this; check client_id, tenant and the app's registration",
            Self::Tenant => "the tenant is not known, or the app is not one for all tenants; check the tenant",
            Self::Scope => "a scope is not known there; check what is asked for, and which cloud is asked",
            Self::Expired => "nobody signed in in time; start the sign-in again",
            Self::CodeUsed => "the code was used before; start the sign-in again",
            Self::Pending => "nobody has signed in yet; finish in the browser",
            Self::Trouble => "the provider's sign-in has trouble of its own; try again later",
            Self::Request => "the provider does not understand this sign-in; check client_id, tenant and the app's redirect addresses",
            Self::Other => "the provider refused the sign-in; look up its error, or sign in again",
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::Trouble => ErrorKind::Unavailable,
            Self::Secret
            | Self::SecretExpired
            | Self::SecretMissing
            | Self::SecretUnwanted
            | Self::Client
            | Self::Tenant
            | Self::Scope
            | Self::Request => ErrorKind::Config,
            _ => ErrorKind::Unauthenticated,
        }
    }

    /// The words of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6, and Microsoft's.
    fn of_word(word: &str) -> Self {
        match word {
            "invalid_grant" | "bad_token" | "token_expired" => Self::SignIn,
            "interaction_required" | "login_required" | "account_selection_required" | "basic_action" | "additional_action" => {
                Self::Interaction
            }
            "consent_required" => Self::Consent,
            "admin_consent_required" => Self::AdminConsent,
            "access_denied" | "authorization_declined" => Self::Declined,
            "invalid_client" => Self::Secret,
            "unauthorized_client" | "unsupported_grant_type" | "unsupported_response_type" => Self::Client,
            "invalid_scope" => Self::Scope,
            "expired_token" | "bad_verification_code" | "code_expired" => Self::Expired,
            "authorization_pending" | "slow_down" => Self::Pending,
            "server_error" | "temporarily_unavailable" => Self::Trouble,
            "invalid_request" | "invalid_resource" => Self::Request,
            _ => Self::Other,
        }
    }
}

/// A provider's no.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why, as far as it is known.
    pub cause: Cause,
    /// The provider's word, such as `invalid_grant`; empty when it said none that is one.
    pub word: String,
    /// The provider's number, such as 50076 of `AADSTS50076`.
    pub code: Option<u32>,
    /// What a new sign-in must bring along (OpenID Connect Core §5.5): give it to [`App::authorize`](crate::App::authorize).
    pub claims: Option<String>,
    /// By which the provider's support finds it.
    pub correlation: Option<String>,
}

/// RFC 6749 §5.2, and what Microsoft adds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    error: Option<String>,
    error_description: Option<String>,
    error_codes: Option<Vec<u32>>,
    suberror: Option<String>,
    claims: Option<String>,
    correlation_id: Option<String>,
}

impl Refusal {
    /// The refusal behind an error of this crate, where there is one.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// From the body of an answer.
    pub(crate) fn of_body(provider: &Provider, body: &[u8]) -> Self {
        // A page for people says nothing that could be believed.
        let words: Words = serde_json::from_slice(body).unwrap_or_default();
        Self::of_words(provider, words)
    }

    /// From what a browser brought back.
    pub(crate) fn of_redirect(provider: &Provider, error: &str, description: Option<&str>) -> Self {
        let words = Words { error: Some(error.to_owned()), error_description: description.map(str::to_owned), ..Words::default() };
        Self::of_words(provider, words)
    }

    /// From a challenge for more claims (continuous access evaluation).
    pub(crate) fn of_claims(claims: Option<String>) -> Self {
        Self { cause: Cause::Interaction, word: "insufficient_claims".to_owned(), code: None, claims, correlation: None }
    }

    fn of_words(provider: &Provider, words: Words) -> Self {
        let told = words.error_description.as_deref().and_then(number);
        let numbers = || words.error_codes.iter().flatten().copied().chain(told);
        // The number that is known says more than the word, and the finer word more than the coarser one.
        let known = numbers().find_map(|code| Some((code, *provider.codes.get(&code)?)));
        let word = words.error.filter(|word| is_word(word)).unwrap_or_default();
        let finer = words.suberror.as_deref().map(Cause::of_word).filter(|cause| *cause != Cause::Other);
        let cause = known.map(|(_, cause)| cause).or(finer).unwrap_or_else(|| Cause::of_word(&word));
        Self {
            cause,
            code: known.map(|(code, _)| code).or_else(|| numbers().next()),
            claims: words.claims.filter(|claims| !claims.is_empty()),
            correlation: words.correlation_id.filter(|id| id.len() <= 64 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')),
            word,
        }
    }

    /// As an error, that says what to do.
    pub(crate) fn error(self, status: Option<u16>) -> Error {
        let mut error = Error::new(self.cause.kind(), self.cause.advice());
        if let Some(status) = status {
            error = error.with("status", status);
        }
        if !self.word.is_empty() {
            error = error.with("error", &self.word);
        }
        if let Some(code) = self.code {
            error = error.with("code", code);
        }
        if let Some(correlation) = &self.correlation {
            error = error.with("correlation", correlation);
        }
        error.caused_by(self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.advice())
    }
}

impl std::error::Error for Refusal {}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.len() <= 64 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The number of `AADSTS50076: …`.
fn number(description: &str) -> Option<u32> {
    let after = description.split_once("AADSTS")?.1;
    let digits = after.find(|c: char| !c.is_ascii_digit()).map_or(after, |end| after.get(..end).unwrap_or_default());
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microsoft;

    fn provider() -> Provider {
        let cloud = microsoft::GLOBAL;
        microsoft::provider(&cloud.authority().unwrap(), "common", &cloud.root().unwrap()).unwrap()
    }

    #[test]
    fn the_number_says_more_than_the_word_and_the_word_more_than_nothing() {
        use Cause::*;
        for (body, cause, code, kind) in [
            (r#"{"error":"invalid_grant"}"#, SignIn, None, ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_grant","error_codes":[700082]}"#, SignIn, Some(700_082), ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_grant","error_codes":[50076]}"#, SecondFactor, Some(50_076), ErrorKind::Unauthenticated),
            (
                r#"{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator"}"#,
                Consent,
                Some(65_001),
                ErrorKind::Unauthenticated,
            ),
            (r#"{"error":"invalid_grant","error_codes":[1,53003]}"#, ConditionalAccess, Some(53_003), ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_grant","error_codes":[424242]}"#, SignIn, Some(424_242), ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_grant","suberror":"consent_required"}"#, Consent, None, ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_grant","suberror":"message_only"}"#, SignIn, None, ErrorKind::Unauthenticated),
            (r#"{"error":"interaction_required"}"#, Interaction, None, ErrorKind::Unauthenticated),
            (r#"{"error":"consent_required"}"#, Consent, None, ErrorKind::Unauthenticated),
            (r#"{"error":"invalid_client","error_codes":[7000222]}"#, SecretExpired, Some(7_000_222), ErrorKind::Config),
            (r#"{"error":"invalid_client"}"#, Secret, None, ErrorKind::Config),
            (r#"{"error":"unauthorized_client","error_codes":[700016]}"#, Client, Some(700_016), ErrorKind::Config),
            (r#"{"error":"invalid_request","error_codes":[90002]}"#, Tenant, Some(90_002), ErrorKind::Config),
            (r#"{"error":"interaction_required","error_codes":[50057]}"#, AccountDisabled, Some(50_057), ErrorKind::Unauthenticated),
            (r#"{"error":"temporarily_unavailable"}"#, Trouble, None, ErrorKind::Unavailable),
            (r#"{"error":"something_new"}"#, Other, None, ErrorKind::Unauthenticated),
            ("<html>no</html>", Other, None, ErrorKind::Unauthenticated),
            ("", Other, None, ErrorKind::Unauthenticated),
            (r#"{"error":null,"error_codes":null}"#, Other, None, ErrorKind::Unauthenticated),
        ] {
            let refusal = Refusal::of_body(&provider(), body.as_bytes());
            assert_eq!((refusal.cause, refusal.code), (cause, code), "{body}");
            let error = refusal.clone().error(Some(400));
            assert_eq!(error.kind(), kind, "{body}");
            assert_eq!(Refusal::of(&error), Some(&refusal));
        }
    }

    #[test]
    fn what_a_provider_says_in_prose_is_not_repeated() {
        let body = r#"{"error":"User ada@example.com","error_description":"AADSTS50034: ada@example.com does not exist","correlation_id":"ada@example.com"}"#;
        let error = Refusal::of_body(&provider(), body.as_bytes()).error(Some(400));
        assert!(!format!("{error} {error:?}").contains("ada"), "{error:?}");
        assert!(error.to_string().contains("50034"), "{error}");
    }

    #[test]
    fn a_providers_number_can_be_given_another_meaning() {
        let mut provider = provider();
        provider.codes.insert(424_242, Cause::AdminConsent);
        assert_eq!(Refusal::of_body(&provider, br#"{"error":"invalid_grant","error_codes":[424242]}"#).cause, Cause::AdminConsent);
    }

    #[test]
    fn every_cause_says_what_to_do() {
        for cause in [Cause::SignIn, Cause::Consent, Cause::Secret, Cause::Other, Cause::Trouble] {
            assert!(cause.advice().contains("; "), "{cause:?}");
        }
    }
}
