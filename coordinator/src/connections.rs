//! The open connections of members, so that a revocation cuts them at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use notochord_link::severable::{Cut, Severable};
use notochord_proto::status_list::Member;

/// The open connections, by whom they belong to.
#[derive(Default)]
pub struct Connections(Mutex<Open>);

#[derive(Default)]
struct Open {
    cuts: HashMap<Member, Vec<(Ticket, Cut)>>,
    next: u64,
}

/// One connection among a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

impl Connections {
    /// Takes note of a member's connection.
    pub fn admit<I>(&self, member: Member, connection: I) -> (Severable<I>, Ticket) {
        let (severable, cut) = Severable::new(connection);
        let mut open = self.open();
        open.next += 1;
        let ticket = Ticket(open.next);
        let cuts = open.cuts.entry(member).or_default();
        cuts.retain(|(_, cut)| !cut.is_pointless());
        cuts.push((ticket, cut));
        (severable, ticket)
    }

    /// Cuts one connection of a member.
    pub fn sever_one(&self, member: &Member, ticket: Ticket) {
        let mut open = self.open();
        let Some(cuts) = open.cuts.get_mut(member) else { return };
        if let Some(place) = cuts.iter().position(|(of, _)| *of == ticket) {
            cuts.swap_remove(place).1.now();
        }
    }

    /// Cuts every connection of a member.
    pub fn sever(&self, member: &Member) {
        self.open().cuts.remove(member).into_iter().flatten().for_each(|(_, cut)| cut.now());
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // The map stays consistent whatever happened to a thread that held it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_proto::name::SiteId;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_members_connections_are_cut_and_nobody_elses() {
        let connections = Connections::default();
        let member = |id: &str| Member::Site(SiteId::new(id).unwrap());
        let ((near, _far), (other, mut other_far)) = (duplex(8), duplex(8));
        let (mut cut, _) = connections.admit(member("toronto"), near);
        let (mut kept, ticket) = connections.admit(member("utrecht"), other);
        connections.sever(&member("toronto"));
        connections.sever_one(&member("toronto"), ticket);
        assert!(cut.read_u8().await.is_err());
        other_far.write_u8(7).await.unwrap();
        assert_eq!(kept.read_u8().await.unwrap(), 7);
    }
}
