//! What is in force in the network now: the root document, the dictionary it names and the certificate authorities.
//! A new root document puts another in its place while the coordinator serves.

use std::sync::Arc;

use notochord_proto::dictionary::Dictionary;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::Root;
use notochord_proto::status_list::RootReference;
use rustls::pki_types::CertificateDer;

use crate::authority::{Authority, MEMBER_LIFE};
use crate::home::{Home, HomeError};

/// What is in force, all of one root document.
#[derive(Clone)]
pub struct InForce {
    /// The root document.
    pub root: Arc<Root>,
    /// The root document, sealed.
    pub sealed_root: Arc<Envelope>,
    /// The data dictionary.
    pub dictionary: Arc<Dictionary>,
    /// The certificate authority that certifies.
    pub authority: Arc<Authority>,
    /// The certificate authority that every member trusts, also one that has not heard of the newest root document:
    /// the one before it, as long as that is trusted. It certifies the coordinator's server.
    pub known_authority: Arc<Authority>,
    /// How long members' certificates live.
    pub member_life: time::Duration,
}

impl InForce {
    /// What a coordinator's directory says is in force. A change of authorities that was interrupted is finished.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let (sealed_root, root) = home.root()?;
        let authority = Arc::new(home.settle_authority(&root)?);
        let former = home.former_authority(&root)?.map(Arc::new);
        Ok(Self {
            dictionary: Arc::new(home.dictionary()?),
            root: Arc::new(root),
            sealed_root: Arc::new(sealed_root),
            known_authority: former.unwrap_or_else(|| authority.clone()),
            authority,
            member_life: MEMBER_LIFE,
        })
    }

    /// The same, where members' certificates live so long.
    pub fn with_member_life(self, life: time::Duration) -> Self {
        Self { member_life: life, ..self }
    }

    /// The certificates of the authorities whose members are let in.
    pub fn authorities(&self) -> [CertificateDer<'static>; 2] {
        [self.authority.certificate().clone(), self.known_authority.certificate().clone()]
    }

    /// The root document's name.
    pub fn reference(&self) -> RootReference {
        RootReference { version: self.root.version, digest: self.sealed_root.payload_digest() }
    }
}
