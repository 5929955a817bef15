//! What the coordinator's listening sockets prove themselves with. Certificates are made anew, for a new key, before they
//! end, and
//! whenever a new root document comes into force, while the sockets stay open.

use std::sync::{Arc, Mutex, PoisonError};

use notochord_link::tls::{self, TlsError};
use notochord_proto::status_list::RootReference;
use rcgen::KeyPair;
use rustls::ServerConfig;
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::in_force::InForce;
use crate::office::Office;
use crate::renewal;

/// One of the coordinator's listening sockets.
pub struct Reception {
    callers: Callers,
    made: Mutex<Made>,
}

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Sites and people, by their certificates.
    Members,
    /// Whoever holds an invitation.
    Newcomers,
}

struct Made {
    config: Arc<ServerConfig>,
    root: RootReference,
    at: OffsetDateTime,
}

impl Reception {
    /// A socket's proof, made now.
    pub fn new(office: &Office, callers: Callers) -> Result<Self, TlsError> {
        let made = Mutex::new(make(office, callers)?);
        Ok(Self { callers, made })
    }

    /// What the next caller is met with.
    pub fn acceptor(&self, office: &Office) -> TlsAcceptor {
        // What it holds is replaced whole.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let age = office.now() - made.at;
        let is_stale = made.root != office.in_force().reference() || age >= renewal::own_life(office) / 2;
        if is_stale || age.is_negative() {
            match make(office, self.callers) {
                Ok(fresh) => {
                    info!(callers = ?self.callers, "the coordinator's own certificate was made anew");
                    *made = fresh;
                }
                Err(error) => warn!(%error, "the coordinator's own certificate cannot be made anew"),
            }
        }
        TlsAcceptor::from(made.config.clone())
    }
}

/// A certificate for a new key, which is nowhere but in this process.
fn make(office: &Office, callers: Callers) -> Result<Made, TlsError> {
    let key = &Zeroizing::new(KeyPair::generate()?);
    let in_force = office.in_force();
    let at = office.now();
    let network = &in_force.root.network;
    let config = match callers {
        Callers::Members => {
            let own = in_force.known_authority.server(network, key, at)?;
            tls::members_server_config(&in_force.authorities(), own)?
        }
        // An invitation names the authority in force.
        Callers::Newcomers => tls::enrolment_server_config(in_force.authority.server(network, key, at)?)?,
    };
    Ok(Made { config, root: InForce::reference(&in_force), at })
}
