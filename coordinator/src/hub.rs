//! The connected nodes. Of a node's connections its newest is used; whoever waits for a site is woken when it
//! comes.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notochord_link::socket::Gone;
use notochord_proto::name::SiteId;
use notochord_proto::wire::node_client::NodeClient;
use tokio::sync::{mpsc, watch};
use tonic::transport::Channel;

use crate::directory::Site;

/// The most connections of one site at a time: one in use, one taking over, and some that are dead and not yet
/// found so.
const MOST_LINKS: usize = 8;

/// A client of a node's service.
pub type Node = NodeClient<Channel>;

/// The connected nodes.
#[derive(Clone)]
pub struct Hub {
    /// Oldest first; a site without a connection has none.
    links: Arc<Mutex<HashMap<SiteId, Vec<Link>>>>,
    next: Arc<Mutex<u64>>,
    changed: watch::Sender<()>,
    listening: mpsc::UnboundedSender<Site>,
}

struct Link {
    node: Node,
    generation: u64,
}

impl Hub {
    /// A hub without nodes, and the sites it asks to be dialled (those that listen).
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Site>) {
        let (listening, to_dial) = mpsc::unbounded_channel();
        let hub =
            Self { links: Arc::default(), next: Arc::default(), changed: watch::channel(()).0, listening };
        (hub, to_dial)
    }

    /// Sees to it that a site which listens is dialled; others come by themselves.
    pub fn watch(&self, site: &Site) {
        if site.dial.is_some() {
            // Without a dialler nobody serves any more, and nothing is to be dialled.
            let _ = self.listening.send(site.clone());
        }
    }

    /// Takes in a node's connection; the future ends when the connection is gone.
    pub fn keep(&self, site: SiteId, node: Node, gone: Gone) -> impl Future<Output = ()> {
        let generation = {
            let mut next = lock(&self.next);
            *next += 1;
            *next
        };
        {
            let mut links = lock(&self.links);
            let of_site = links.entry(site.clone()).or_default();
            if of_site.len() >= MOST_LINKS {
                of_site.remove(0);
            }
            of_site.push(Link { node, generation });
        }
        self.changed.send_replace(());
        let hub = self.clone();
        async move {
            // Both an ended connection and a dropped one mean the same here.
            let _ = gone.await;
            hub.forget(&site, generation);
        }
    }

    fn forget(&self, site: &SiteId, generation: u64) {
        if let Some(links) = lock(&self.links).get_mut(site) {
            links.retain(|link| link.generation != generation);
        }
        self.changed.send_replace(());
    }

    /// A site's node, if it is connected.
    pub fn node(&self, site: &SiteId) -> Option<Node> {
        self.connection(site).map(|(node, _)| node)
    }

    /// Every site's node that is connected.
    pub fn nodes(&self) -> Vec<Node> {
        lock(&self.links).values().filter_map(|links| Some(links.last()?.node.clone())).collect()
    }

    /// Waits for a site's node. With `lost`, for another connection than the one that was lost.
    pub async fn wait(&self, site: &SiteId, lost: Option<u64>) -> (Node, u64) {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(found) = self.connection(site).filter(|(_, generation)| Some(*generation) != lost) {
                return found;
            }
            // The sender lives as long as this hub.
            let _ = changes.changed().await;
        }
    }

    fn connection(&self, site: &SiteId) -> Option<(Node, u64)> {
        lock(&self.links).get(site)?.last().map(|link| (link.node.clone(), link.generation))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The maps stay consistent whatever happened to a thread that held them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
