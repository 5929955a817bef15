//! What keeps a node in force: it hears root documents and status lists, renews its certificate, and says in time what
//! is about to run out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as Pause;

use notochord_link::credentials::{self, Remaining};
use notochord_link::membership::{Membership, MembershipError};
use notochord_link::tls::signing_request;
use notochord_link::trust_store::News;
use notochord_proto::digest::Digest;
use notochord_proto::wire::{TrustReply, TrustRequest};
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};
use tokio::sync::Notify;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

use crate::entry::{
    self, ApproverRecused, CertificateRenewed, NewsRefused, RootAdopted, StatusHeard, StudySuperseded,
    StudyWithdrawn,
};
use crate::home::HomeError;
use crate::refusal::Refusal;
use crate::respond::Responder;
use crate::standing;

/// The most statements that are sent at once.
const MOST_STATEMENTS: usize = 100;
/// How often is looked whether something runs out.
const LOOK: Pause = Pause::from_secs(60);
/// How long after its start a node looks for the first time.
const FIRST_LOOK: Pause = Pause::from_secs(5);

/// What goes on while the node serves.
#[derive(Default)]
pub(crate) struct Upkeep {
    /// Held while the membership's files are changed.
    changing: Mutex<()>,
    /// The key of a signing request that was sent, until its certificate comes.
    asked_for: Mutex<Option<Zeroizing<KeyPair>>>,
    renewed: Notify,
    /// How many statements were sent, so that all of them have their turn.
    sent: AtomicUsize,
}

impl Responder {
    /// The membership as its files say now.
    pub fn membership(&self) -> Result<Membership, HomeError> {
        self.centre().home().membership()
    }

    /// Waits until the certificate has been renewed: the next link proves itself with the new one.
    pub async fn renewed(&self) {
        self.upkeep.renewed.notified().await;
    }

    /// Takes root documents and a status list; says what is in force here afterwards.
    pub fn hear(&self, sent: &TrustRequest) -> TrustReply {
        if let Err(refusal) = self.take_news(sent) {
            warn!(%refusal, "news of the network were refused");
            self.refuse_news(&refusal.to_string());
        }
        let centre = self.centre();
        let (trust, root) = (centre.trust(), centre.trust().root_reference());
        TrustReply {
            root_version: root.version,
            root_digest: root.digest.as_bytes().to_vec(),
            status_version: trust.last_heard().map(|list| list.version).unwrap_or_default(),
            sealed_statements: self.statements(),
        }
    }

    fn take_news(&self, sent: &TrustRequest) -> Result<(), Refusal> {
        let _alone = self.upkeep.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut membership = self.membership()?;
        let before = membership.trust.clone();
        let mut news = News::default();
        let heard = membership.hear(sent, self.centre().now(), &mut news);
        // What came before a fault is kept, in force, and written down.
        if membership.trust != before {
            self.reload()?;
        }
        for root in &news.roots {
            info!(version = root.version, root = %root.digest.short(), "a new root document is in force");
            self.record(&RootAdopted { root: root.digest, version: root.version })?;
        }
        if let Some(version) = news.status {
            self.record(&StatusHeard { version })?;
        }
        self.note_what_stopped()?;
        Ok(heard.map_err(HomeError::from)?)
    }

    /// What was stopped once stays stopped, though a later list should leave it out.
    fn note_what_stopped(&self) -> Result<(), Refusal> {
        let centre = self.centre();
        let Some(list) = centre.trust().last_heard() else { return Ok(()) };
        for one in &list.withdrawn {
            if !entry::is_withdrawn(&self.ledger(), one.study) {
                info!(study = %one.study.short(), by = %one.by, "a study was withdrawn");
                self.record(&StudyWithdrawn { study: one.study, by: one.by.clone() })?;
            }
        }
        for one in &list.superseded {
            if standing::stopped(&self.ledger(), one.study).is_none() {
                info!(study = %one.study.short(), by = %one.by, "another study has come in a study's place");
                let (replacement, by) = (one.replacement, one.by.clone());
                self.record(&StudySuperseded { study: one.study, replacement, by })?;
            }
        }
        for one in &list.recused {
            if !standing::recused(&self.ledger(), one.study).contains(&one.approver) {
                let (study, approver) = (one.study, one.approver.clone());
                self.record(&ApproverRecused { study, approver })?;
            }
        }
        Ok(())
    }

    /// The same reason is written once an hour: who sends rubbish again and again must not fill the ledger.
    fn refuse_news(&self, reason: &str) {
        let (now, reason) = (self.centre().now(), reason.chars().take(1000).collect::<String>());
        let last = entry::last_news_refused(&self.ledger(), &reason);
        if last.is_none_or(|last| now - last >= Duration::HOUR) {
            self.write_down(&NewsRefused { reason });
        }
    }

    /// What the data steward has signed about studies.
    fn statements(&self) -> Vec<Vec<u8>> {
        let centre = self.centre();
        let home = centre.home();
        let files = home.list("statements").unwrap_or_else(|error| {
            warn!(%error, "withdrawals cannot be passed on");
            Vec::new()
        });
        let read = |name: &String| home.read(&format!("statements/{name}")).ok().flatten();
        let first = self.upkeep.sent.fetch_add(MOST_STATEMENTS, Ordering::Relaxed);
        turn(&files, first).filter_map(read).collect()
    }

    /// A signing request for a new key, which stays here until its certificate comes.
    pub fn request_certificate(&self) -> Result<Vec<u8>, MembershipError> {
        let key = Zeroizing::new(KeyPair::generate().map_err(notochord_link::tls::TlsError::from)?);
        let request = signing_request(&key)?;
        *self.upkeep.asked_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(request)
    }

    /// Takes the certificate for the key that was asked for last; says whether it is used from now on.
    pub fn install_certificate(&self, chain: &[Vec<u8>]) -> bool {
        match self.install(chain) {
            Ok(()) => {
                info!("the certificate was renewed");
                self.upkeep.renewed.notify_one();
                true
            }
            Err(refusal) => {
                warn!(%refusal, "a renewed certificate was not taken");
                self.refuse_news(&refusal.to_string());
                false
            }
        }
    }

    fn install(&self, chain: &[Vec<u8>]) -> Result<(), Refusal> {
        let _alone = self.upkeep.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut membership = self.membership()?;
        // A second copy of what is in use already.
        if chain.first().is_some_and(|leaf| leaf == membership.certificate()) {
            return Ok(());
        }
        let mut asked_for = self.upkeep.asked_for.lock().unwrap_or_else(PoisonError::into_inner);
        let key = asked_for.as_ref();
        let key = key.ok_or_else(|| Refusal::Order("a certificate came that was not asked for".into()))?;
        // A late copy of an earlier certificate does not fit the key, which goes on waiting for its own.
        membership.renew(key, chain, self.centre().now()).map_err(HomeError::from)?;
        *asked_for = None;
        let certificate = chain.first().map(|leaf| Digest::of(leaf));
        // It is in use already: an entry that cannot be written changes nothing about that.
        certificate.into_iter().for_each(|certificate| self.write_down(&CertificateRenewed { certificate }));
        Ok(())
    }
}

/// The statements whose turn it is, after so many were sent: all of them if they are few.
fn turn(files: &[String], sent: usize) -> impl Iterator<Item = &String> {
    let first = if files.len() > MOST_STATEMENTS { sent % files.len() } else { 0 };
    files.iter().cycle().skip(first).take(MOST_STATEMENTS.min(files.len()))
}

/// Says in the log what is about to run out, and what has: once when it changes, and again each hour.
pub async fn watch(responder: Arc<Responder>) {
    let mut said: Option<(String, OffsetDateTime)> = None;
    let mut remaining = Remaining::Enough;
    // A first link brings what a node lacks; what it still lacks then is worth saying.
    tokio::time::sleep(FIRST_LOOK).await;
    loop {
        let now = responder.centre().now();
        let left =
            responder.membership().ok().and_then(|one| Remaining::of_certificate(one.certificate(), now));
        if left == Some(Remaining::Half) && remaining == Remaining::Enough {
            info!("half of this certificate's life is over; it is renewed over the link");
        }
        remaining = left.unwrap_or(remaining);
        let message = concern(&responder);
        match (&message, &said) {
            (Some(message), Some((before, at))) if message == before && now - *at < Duration::HOUR => {}
            (Some(message), _) => {
                error!("{message}");
                said = Some((message.clone(), now));
            }
            (None, _) => said = None,
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What keeps this node from answering, or soon will.
pub fn concern(responder: &Responder) -> Option<String> {
    match responder.membership() {
        Ok(membership) => concern_of(&membership, responder.centre().now()),
        Err(error) => Some(error.to_string()),
    }
}

/// What keeps the node of a membership from answering, or soon will.
pub fn concern_of(membership: &Membership, now: OffsetDateTime) -> Option<String> {
    let trust = &membership.trust;
    let is_revoked = trust.last_heard().is_some_and(|list| list.site_is_revoked(membership.id()));
    let revoked = is_revoked.then(|| {
        "this site's certificate was revoked; ask the coordinator why, and for a new invitation".to_owned()
    });
    revoked
        .or_else(|| credentials::warning(membership.certificate(), now))
        .or_else(|| trust.in_force(now).err().map(|fault| fault.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_statement_has_its_turn_however_many_there_are() {
        let files: Vec<String> = (0..250).map(|number| format!("{number:03}")).collect();
        let mut heard: Vec<&String> =
            (0..3).flat_map(|times| turn(&files, times * MOST_STATEMENTS)).collect();
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), files.len());
        assert_eq!(turn(&files[..3], MOST_STATEMENTS).count(), 3);
        assert_eq!(turn(&[], 7).count(), 0);
    }
}
