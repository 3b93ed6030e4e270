//! Device code (RFC 8628): the user signs in on another device.

use crate::{App, Granted};
use jiff::{SignedDuration, Timestamp};
use oauth2::{Scope, StandardDeviceAuthorizationResponse};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use std::{fmt, time::Duration};

/// A sign-in that has begun: show [`user_code`](Self::user_code) and [`verification_uri`](Self::verification_uri) to the user.
/// Its `Debug` shows neither code.
pub struct Device {
    response: StandardDeviceAuthorizationResponse,
    claims: Option<String>,
    /// When the codes run out.
    pub expires: Timestamp,
}

impl Device {
    /// What the user types there.
    #[must_use]
    pub fn user_code(&self) -> &str {
        self.response.user_code().secret()
    }

    /// Where the user goes.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        self.response.verification_uri().as_str()
    }

    /// The same with the code in it, where the provider has one: for a QR code.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.response.verification_uri_complete().map(|uri| uri.secret().as_str())
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl App {
    /// Fetches a pair of codes.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange); `Unsupported` where the provider has no device codes.
    pub async fn device(&self) -> Result<Device> {
        self.device_for(None).await
    }

    /// The same, for a sign-in that must bring these claims along (see [`Refusal`](crate::Refusal)). RFC 8628 knows none: they go
    /// along with both questions, as servers pass over parameters that they do not know (RFC 6749 §3.2).
    ///
    /// # Errors
    /// As [`device`](Self::device).
    pub async fn device_for(&self, claims: Option<&str>) -> Result<Device> {
        let wire = self.wire("oauth.device").repeats(true);
        let asked = self.0.clock.now();
        let client = self.client();
        let mut request = client
            .exchange_device_code()
            .map_err(|_| {
                Error::new(ErrorKind::Unsupported, "this provider has no device codes; sign in in a browser").during("oauth.device")
            })?
            .add_scopes(self.0.provider.scopes.iter().cloned().map(Scope::new));
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims);
        }
        let response: StandardDeviceAuthorizationResponse = request.request_async(&wire).await.map_err(|e| wire.failed(e))?;
        let time = SignedDuration::try_from(response.expires_in()).unwrap_or(SignedDuration::MAX);
        Ok(Device { expires: asked.checked_add(time).unwrap_or(Timestamp::MAX), claims: claims.map(str::to_owned), response })
    }

    /// Asks, as often as the provider allows, until the user has signed in. Trouble of the wire or of the provider is waited
    /// out, as long as the codes are good.
    ///
    /// # Errors
    /// With a [`Refusal`](crate::Refusal) when the user or the provider says no, and when the codes run out.
    pub async fn poll(&self, device: &Device) -> Result<Granted> {
        let wire = self.wire("oauth.poll").polls();
        let clock = &*self.0.clock;
        let client = self.client();
        let left = Duration::try_from(device.expires.duration_since(clock.now())).unwrap_or_default();
        let mut request = client.exchange_device_access_token(&device.response).set_time_fn(|| now(clock));
        if let Some(claims) = &device.claims {
            request = request.add_extra_param("claims", claims);
        }
        // The provider's wish counts when it is longer than the interval. Only what was asked for last is current.
        let sleep = |interval: Duration| {
            let wish = wire.take_trouble().and_then(|error| error.wait()).unwrap_or_default();
            clock.sleep(interval.max(wish))
        };
        let response = request.request_async(&wire, sleep, Some(left)).await;
        let response = response.map_err(|error| match error {
            // The crate's own word for codes that ran out while nobody answered.
            oauth2::RequestTokenError::ServerResponse(said) if said.error().as_ref() == "expired_token" => {
                let refusal = crate::Refusal::of_redirect(&self.0.provider, "expired_token", None);
                wire.take_trouble().filter(|error| !error.is_temporary()).unwrap_or_else(|| refusal.error(None).during("oauth.poll"))
            }
            other => wire.failed(other),
        })?;
        // It was asked for after the last sleep; what the exchange took, the token is the shorter for.
        Granted::of(&response, clock.now())
    }
}

/// The time, as the crate that polls wants to have it.
fn now(clock: &dyn Clock) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(clock.now().as_second(), 0).unwrap_or_default()
}
