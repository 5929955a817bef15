//! The `Node` service: the responder behind gRPC. Work on rows and disk runs off the threads that keep the link
//! alive.

use std::sync::Arc;

use notochord_proto::wire::node_server::Node;
use notochord_proto::wire::{
    AnnounceReply, AnnounceRequest, CapabilitiesReply, CapabilitiesRequest, ContributeReply,
    ContributeRequest, CosignReply, CosignRequest, DeliverReply, DeliverRequest, FarewellReply,
    FarewellRequest, HealthReply, HealthRequest, InstallCertificateReply, InstallCertificateRequest,
    RecallReply, RecallRequest, RemindReply, RemindRequest, RequestCertificateReply,
    RequestCertificateRequest, TestifyReply, TestifyRequest, TrustReply, TrustRequest,
};
use tonic::{Request, Response, Status};

use crate::respond::Responder;

/// The `Node` service of a responder.
#[derive(Clone)]
pub struct NodeService(pub Arc<Responder>);

impl NodeService {
    /// Runs `work` where it may block. Whatever goes wrong there, the other side learns nothing.
    async fn off_the_link<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Responder) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let responder = self.0.clone();
        tokio::task::spawn_blocking(move || work(&responder))
            .await
            .map_err(|_| Status::failed_precondition("refused"))
    }
}

#[tonic::async_trait]
impl Node for NodeService {
    async fn capabilities(
        &self,
        request: Request<CapabilitiesRequest>,
    ) -> Result<Response<CapabilitiesReply>, Status> {
        let request = request.into_inner();
        self.off_the_link(move |responder| responder.meet(&request)).await.map(Response::new)
    }

    async fn announce(&self, request: Request<AnnounceRequest>) -> Result<Response<AnnounceReply>, Status> {
        let sealed = request.into_inner().sealed_study;
        self.off_the_link(move |responder| responder.announce(&sealed)).await.map(Response::new)
    }

    async fn contribute(
        &self,
        request: Request<ContributeRequest>,
    ) -> Result<Response<ContributeReply>, Status> {
        let asked = request.into_inner();
        let replied = self.off_the_link(move |responder| responder.contribute(&asked)).await;
        // A fault of our own looks like any refusal.
        Ok(Response::new(replied.unwrap_or_default()))
    }

    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverReply>, Status> {
        let sealed = request.into_inner().sealed_record;
        self.off_the_link(move |responder| responder.close(&sealed)).await?;
        Ok(Response::new(DeliverReply {}))
    }

    async fn trust(&self, request: Request<TrustRequest>) -> Result<Response<TrustReply>, Status> {
        let sent = request.into_inner();
        self.off_the_link(move |responder| responder.hear(&sent)).await.map(Response::new)
    }

    async fn request_certificate(
        &self,
        _: Request<RequestCertificateRequest>,
    ) -> Result<Response<RequestCertificateReply>, Status> {
        let made = self.off_the_link(|responder| responder.request_certificate()).await?;
        let request = made.map_err(|_| Status::failed_precondition("refused"))?;
        Ok(Response::new(RequestCertificateReply { request }))
    }

    async fn install_certificate(
        &self,
        request: Request<InstallCertificateRequest>,
    ) -> Result<Response<InstallCertificateReply>, Status> {
        let chain = request.into_inner().certificates;
        let installed = self.off_the_link(move |responder| responder.install_certificate(&chain)).await?;
        Ok(Response::new(InstallCertificateReply { installed }))
    }

    async fn farewell(&self, _: Request<FarewellRequest>) -> Result<Response<FarewellReply>, Status> {
        self.0.part();
        Ok(Response::new(FarewellReply {}))
    }

    async fn health(&self, _: Request<HealthRequest>) -> Result<Response<HealthReply>, Status> {
        Ok(Response::new(HealthReply {}))
    }

    async fn testify(&self, request: Request<TestifyRequest>) -> Result<Response<TestifyReply>, Status> {
        let request = request.into_inner();
        self.off_the_link(move |responder| responder.testify(&request)).await.map(Response::new)
    }

    async fn recall(&self, request: Request<RecallRequest>) -> Result<Response<RecallReply>, Status> {
        let request = request.into_inner();
        self.off_the_link(move |responder| responder.recall(request)).await.map(Response::new)
    }

    async fn cosign(&self, request: Request<CosignRequest>) -> Result<Response<CosignReply>, Status> {
        let request = request.into_inner();
        self.off_the_link(move |responder| responder.cosign(request)).await.map(Response::new)
    }

    async fn remind(&self, request: Request<RemindRequest>) -> Result<Response<RemindReply>, Status> {
        let request = request.into_inner();
        self.off_the_link(move |responder| responder.remind(&request)).await.map(Response::new)
    }
}
