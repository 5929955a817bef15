//! A centre's node of another release: it offers what it is told to, and does not know some calls.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use notochord_link::socket::{serve_on, server};
use notochord_node::centre::Centre;
use notochord_node::home::Home;
use notochord_node::respond::Responder;
use notochord_node::service::NodeService;
use notochord_proto::capability::Offer;
use notochord_proto::wire::node_server::NodeServer;
use notochord_stats::registry;
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

use crate::stage::{C, Stage};

/// The node of centre C, until this is dropped.
pub(crate) struct OtherRelease {
    pub(crate) responder: Arc<Responder>,
    runtime: Option<Runtime>,
}

impl OtherRelease {
    /// A node in the place of centre C's, which has been ended: it can do this, and does not know these calls.
    pub(crate) fn of(stage: &Stage, offer: Offer, unknown: &'static [&'static str]) -> Self {
        let home = Home::open(stage.home(C)).unwrap();
        let membership = home.membership().unwrap();
        let centre = Centre::open(home, Arc::new(OffsetDateTime::now_utc)).unwrap().offering(offer);
        let responder = Arc::new(Responder::new(centre).unwrap());
        let service = Knowing { node: NodeServer::new(NodeService(responder.clone())), unknown };
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            loop {
                // The coordinator is gone before this node when a test ends.
                let Ok(stream) = membership.dial().await else { return };
                let _ = serve_on(stream, server().add_service(service.clone())).await;
            }
        });
        stage.network.wait_for_sites(3).unwrap();
        Self { responder, runtime: Some(runtime) }
    }
}

impl Drop for OtherRelease {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

/// What this release offers.
pub(crate) fn ours() -> Offer {
    registry::offer(env!("CARGO_PKG_VERSION"))
}

/// A node's service that answers unknown calls as one answers that was built before they were.
#[derive(Clone)]
struct Knowing {
    node: NodeServer<NodeService>,
    unknown: &'static [&'static str],
}

impl NamedService for Knowing {
    const NAME: &'static str = <NodeServer<NodeService> as NamedService>::NAME;
}

impl Service<http::Request<Body>> for Knowing {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let call = request.uri().path().rsplit('/').next().unwrap_or_default();
        if self.unknown.contains(&call) {
            return Box::pin(async { Ok(Status::unimplemented("").into_http()) });
        }
        self.node.call(request)
    }
}
