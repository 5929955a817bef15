//! What is in force in the network now: the root document, the dictionary it names and the certificate authorities.
//! A new root document puts another in its place while the coordinator serves.

use std::sync::Arc;

use notochord_proto::dictionary::Dictionary;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::Root;
use notochord_proto::status_list::RootReference;
use rustls::pki_types::CertificateDer;

use crate::authority::Authority;
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
    /// Whose certificates count: the authority's, and the one's before it.
    pub authorities: Vec<CertificateDer<'static>>,
}

impl InForce {
    /// What a coordinator's directory says is in force. A change of authorities that was interrupted is finished.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let (sealed_root, root) = home.root()?;
        let authority = home.settle_authority(&root)?;
        let mut authorities = vec![authority.certificate().clone()];
        authorities.extend(home.former_authority(&root)?);
        Ok(Self {
            dictionary: Arc::new(home.dictionary()?),
            root: Arc::new(root),
            sealed_root: Arc::new(sealed_root),
            authority: Arc::new(authority),
            authorities,
        })
    }

    /// The same, where members' certificates live so long.
    pub fn with_member_life(self, life: time::Duration) -> Self {
        // Nobody else holds the authority yet.
        let authority = Arc::try_unwrap(self.authority).map(|one| one.with_member_life(life)).map(Arc::new);
        Self { authority: authority.unwrap_or_else(|shared| shared), ..self }
    }

    /// The root document's name.
    pub fn reference(&self) -> RootReference {
        RootReference { version: self.root.version, digest: self.sealed_root.payload_digest() }
    }
}
