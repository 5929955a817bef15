//! Why a link does not come about: every step of it is tried by itself, and the first that fails says what to do.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;

use crate::destination::Destination;
use crate::dial::{CONNECT_TIMEOUT, resolve};
use crate::identity::certificate_end;
use crate::invitation::Invitation;
use crate::membership::{Connection, Membership, Purpose, greet_unknown};
use crate::probe::{self, Answer, behind};
use crate::way_out::{WayOut, WayOutError, Wire};

/// A clock that is wrong by more makes signatures look old or early.
const MOST_SKEW: Duration = Duration::seconds(60);
/// A certificate that ends sooner is close to its end.
const CLOSE: Duration = Duration::hours(48);

/// What a step found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The step, in a word.
    pub step: &'static str,
    /// What is so; or what is wrong, and what to do.
    pub outcome: Result<String, String>,
}

/// What time it is here.
pub type Clock<'a> = &'a (dyn Fn() -> OffsetDateTime + Sync);

/// Tries the link of an enrolled site or person. The link that may be open meanwhile is not disturbed.
pub async fn of_membership(membership: &Membership, clock: Clock<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.add("certificate", certificate(membership, clock()));
    let address = &membership.connect;
    let Some(wire) = reach(membership.way_out(), address, &mut findings).await else { return findings.0 };
    let greeted = membership.greet_for(Purpose::Probe, wire, address).await;
    let Some(connection) =
        findings.try_step("coordinator", greeted, |connection| proven(connection, address))
    else {
        return findings.0;
    };
    let asked = clock();
    let heard = timeout(CONNECT_TIMEOUT, probe::hear(connection)).await;
    let answer = match heard {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => {
            let message = "the coordinator hung up without an answer: it does not know this certificate, or is of a \
                           release before this question; see its log";
            findings.add("admission", Err(message.to_owned()));
            return findings.0;
        }
    };
    findings.add("admission", admission(answer));
    findings.add("clock", skew(behind(answer.time, asked, clock())));
    findings.0
}

/// Tries both addresses of an invitation, without using it up.
pub async fn of_invitation(invitation: &Invitation, way_out: &WayOut, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Findings::default();
    let expires = invitation.expires_text();
    findings.add(
        "invitation",
        match now < invitation.expires {
            true => {
                Ok(format!("of {} to the network {}, until {expires}", invitation.id, invitation.network))
            }
            false => Err(format!("ended on {expires}; ask the coordinator for a new one")),
        },
    );
    for (step, address) in [("enrolment", &invitation.enrol), ("coordinator", &invitation.connect)] {
        if let Some(wire) = reach(way_out, address, &mut findings).await {
            let greeted = greet_unknown(invitation, wire, address).await;
            findings.try_step(step, greeted, |connection| proven(connection, address));
        }
    }
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, step: &'static str, outcome: Result<String, String>) {
        self.0.push(Finding { step, outcome });
    }

    /// Notes what came of a step; what it gave, if it went well.
    fn try_step<T, E: std::fmt::Display>(
        &mut self,
        step: &'static str,
        result: Result<T, E>,
        words: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let noted = result.map_err(|error| error.to_string());
        self.add(step, noted.as_ref().map(words).map_err(String::clone));
        noted.ok()
    }
}

/// Finds the way out, the first address on it, and opens a connection.
async fn reach(way_out: &WayOut, address: &str, findings: &mut Findings) -> Option<Box<dyn Wire>> {
    let way = address.parse::<Destination>().map_err(WayOutError::from);
    let way = way.and_then(|destination| {
        let proxy = way_out.proxy_to(&destination)?;
        Ok((destination, proxy))
    });
    let (destination, proxy) = findings.try_step("way", way, |(destination, proxy)| match proxy {
        Some(proxy) => format!("{destination} is reached through the proxy {proxy}"),
        None => format!("{destination} is reached without a proxy"),
    })?;
    let first = proxy.map_or(&destination, |proxy| &proxy.destination);
    findings.try_step("name", resolve(first).await, |addresses| {
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        format!("{} is {}", first.host, addresses.join(", "))
    })?;
    findings.try_step("connection", way_out.open(&destination).await, |_| match proxy {
        Some(proxy) => format!("{proxy} opens a way to {destination}"),
        None => format!("{destination} answers"),
    })
}

/// Who has proven to answer.
fn proven(connection: &Connection, address: &str) -> String {
    let chain = connection.get_ref().1.peer_certificates().unwrap_or_default();
    let end = chain.first().and_then(|leaf| certificate_end(leaf).ok());
    let until =
        end.and_then(|end| written(OffsetDateTime::from_unix_timestamp(end).ok()?)).unwrap_or_default();
    format!("{address} proves to be the network's coordinator, by a certificate until {until}")
}

fn certificate(membership: &Membership, now: OffsetDateTime) -> Result<String, String> {
    let end = OffsetDateTime::from_unix_timestamp(membership.certificate_end()).unwrap_or(now);
    let (identity, until) = (&membership.identity, written(end).unwrap_or_default());
    match end - now {
        left if !left.is_positive() => {
            Err(format!("{identity} had a certificate until {until}; ask the coordinator to invite it again"))
        }
        left if left < CLOSE => Ok(format!("{identity}, only until {until}: renew it soon")),
        _ => Ok(format!("{identity}, until {until}")),
    }
}

fn admission(answer: Answer) -> Result<String, String> {
    match answer.is_known {
        true => Ok("the coordinator knows this certificate".to_owned()),
        false => {
            Err("the coordinator does not know this certificate (any more); ask it to invite this site again"
                .to_owned())
        }
    }
}

fn skew(behind: Duration) -> Result<String, String> {
    let seconds = behind.as_seconds_f64();
    let sense = if behind.is_negative() { "ahead of" } else { "behind" };
    let words = format!("this machine's clock is {:.1} s {sense} the coordinator's", seconds.abs());
    match behind.abs() > MOST_SKEW {
        true => Err(format!("{words}; have both machines set theirs from a time server")),
        false => Ok(words),
    }
}

fn written(time: OffsetDateTime) -> Option<String> {
    time.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_wrong_by_a_minute_in_either_direction() {
        assert_eq!(
            skew(Duration::seconds(-2)),
            Ok("this machine's clock is 2.0 s ahead of the coordinator's".to_owned())
        );
        for seconds in [-61, 61] {
            assert!(skew(Duration::seconds(seconds)).is_err());
        }
    }
}
