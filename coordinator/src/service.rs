//! The desk: what people's commands call.

use std::sync::Arc;
use std::time::Duration;

use notochord_link::socket::MOST_MESSAGE_BYTES;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::status_list::Member;
use notochord_proto::wire::network_server::Network;
use notochord_proto::wire::{
    CapabilitiesRequest, InviteReply, InviteRequest, PeopleReply, PeopleRequest, PersonSummary, PublishReply,
    PublishRequest, RenewReply, RenewRequest, ResultReply, ResultRequest, RevokeReply, RevokeRequest,
    RootsReply, RootsRequest, RunEvent, RunRequest, RunSummary, RunsReply, RunsRequest, SiteSummary,
    SitesReply, SitesRequest, StateReply, StateRequest, StudiesReply, StudiesRequest, StudyReply,
    StudyRequest, StudyStatement, StudySummary, SubmitReply, SubmitRequest, invite_request, revoke_request,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::announce;
use crate::directory::{self, Office as PersonOffice, Person, Site};
use crate::home::HomeError;
use crate::logbook::StudySubmitted;
use crate::office::{InviteError, Office};
use crate::publication;
use crate::renewal;
use crate::revocation::{self, RevocationError};
use crate::round::version;
use crate::run;
use crate::statements::{self, Stated, StatementsError};
use crate::status_board;
use crate::store::{Invitee, RunLine, RunStatus, StoreError};
use crate::studies::{self, StudiesError, SubmittedStudy};
use crate::upkeep;

/// The longest a run may wait for its sites.
const LONGEST_DEADLINE: Duration = Duration::from_secs(12 * 3600);
/// The most bytes of a result in one message, with some left for what is around them.
const ROOM: usize = MOST_MESSAGE_BYTES - (64 << 10);
/// How long a node may take to say what it can do.
const CAPABILITIES_DEADLINE: Duration = Duration::from_secs(3);

/// The `Network` service.
pub struct Desk(pub Arc<Office>);

#[tonic::async_trait]
impl Network for Desk {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitReply>, Status> {
        let office = &self.0;
        let bytes = request.into_inner().sealed_study;
        let submitted = studies::submit(office, &bytes).map_err(study_status)?;
        let entry = StudySubmitted {
            study: submitted.envelope.payload_digest(),
            name: format!("{}@{}", submitted.study.id, submitted.study.version),
            approvals: submitted.envelope.signers(&office.root().approvers),
        };
        office.logbook.write(&entry, office.now()).map_err(|error| Status::internal(error.to_string()))?;
        if let Ok(complete) = SealedStudy::open(submitted.envelope.clone(), &office.root(), office.now()) {
            announce::to_all(office, complete);
        }
        Ok(Response::new(SubmitReply { study: Some(summary(office, &submitted)) }))
    }

    async fn studies(&self, _: Request<StudiesRequest>) -> Result<Response<StudiesReply>, Status> {
        let all = studies::list(&self.0.home).map_err(study_status)?;
        let studies = all.iter().map(|one| summary(&self.0, one)).collect();
        Ok(Response::new(StudiesReply { studies }))
    }

    async fn study(&self, request: Request<StudyRequest>) -> Result<Response<StudyReply>, Status> {
        let found = studies::find(&self.0.home, &request.into_inner().study).map_err(study_status)?;
        Ok(Response::new(StudyReply { sealed_study: found.envelope.to_json().into_bytes() }))
    }

    async fn sites(&self, _: Request<SitesRequest>) -> Result<Response<SitesReply>, Status> {
        let mut asked = JoinSet::new();
        for (order, site) in directory::sites(&self.0.home).map_err(home_status)?.into_iter().enumerate() {
            let office = self.0.clone();
            asked.spawn(async move { (order, site_summary(&office, &site).await) });
        }
        let mut sites = asked.join_all().await;
        sites.sort_by_key(|(order, _)| *order);
        Ok(Response::new(SitesReply { sites: sites.into_iter().map(|(_, site)| site).collect() }))
    }

    async fn invite(&self, request: Request<InviteRequest>) -> Result<Response<InviteReply>, Status> {
        coordinator_only(&request)?;
        let InviteRequest { invited, valid_s, dial } = request.into_inner();
        let dial = (!dial.is_empty()).then_some(dial);
        let (label, invitee) = match invited {
            Some(invite_request::Invited::SiteLabel(label)) => (label, Invitee::Site { dial }),
            Some(invite_request::Invited::Person(label)) => (label, Invitee::Person),
            None => return Err(Status::invalid_argument("nobody is invited")),
        };
        let valid = time::Duration::seconds(i64::try_from(valid_s).unwrap_or(i64::MAX));
        let invitation = self.0.invite(&label, invitee, valid).map_err(invite_status)?;
        let text = invitation.to_text().to_string();
        Ok(Response::new(InviteReply { invitation: text, id: invitation.id.to_string() }))
    }

    type RunStream = ReceiverStream<Result<RunEvent, Status>>;

    async fn run(&self, request: Request<RunRequest>) -> Result<Response<Self::RunStream>, Status> {
        coordinator_only(&request)?;
        let RunRequest { study, deadline_s } = request.into_inner();
        let office = self.0.clone();
        let sealed =
            studies::runnable(&office.home, &office.root(), &study, office.now()).map_err(study_status)?;
        let deadline = Duration::from_secs(deadline_s).clamp(Duration::from_secs(1), LONGEST_DEADLINE);
        // Room for every event a run of a large network can have, so that a slow listener never slows a run.
        let (events, stream) = mpsc::channel(1 << 15);
        run::start(office, sealed, deadline, events).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn runs(&self, _: Request<RunsRequest>) -> Result<Response<RunsReply>, Status> {
        let lines = self.0.store.runs().map_err(store_status)?;
        Ok(Response::new(RunsReply { runs: lines.iter().map(run_summary).collect() }))
    }

    async fn result(&self, request: Request<ResultRequest>) -> Result<Response<ResultReply>, Status> {
        let run = find_run(&self.0, &request.into_inner().run)?;
        let read = |name: &str| self.0.home.read(&format!("runs/{run}/{name}")).map_err(home_status);
        let (result, tables) = (read("result.json")?, read("tables.json")?);
        // Runs of earlier versions have none, and one that is too large for a message is read where it lies.
        let evidence = read("evidence.json").unwrap_or_default();
        let evidence =
            if evidence.len() + result.len() + tables.len() < ROOM { evidence } else { Vec::new() };
        Ok(Response::new(ResultReply { result, tables, evidence }))
    }

    async fn state(&self, request: Request<StateRequest>) -> Result<Response<StateReply>, Status> {
        let (office, bytes) = (self.0.clone(), request.into_inner().sealed_statement);
        off_the_link(move || {
            let study = statements::take(&office, &bytes).map_err(statement_status)?;
            status_board::current(&office).map_err(internal)?;
            Ok(StateReply { study: Some(summary(&office, &study)) })
        })
        .await
    }

    async fn roots(&self, request: Request<RootsRequest>) -> Result<Response<RootsReply>, Status> {
        let (office, held) = (self.0.clone(), request.into_inner().held);
        off_the_link(move || upkeep::news_after(&office, held, true)).await
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewReply>, Status> {
        let person = request.extensions().get::<Arc<Person>>().map(|person| person.id.clone());
        let person = person.ok_or_else(|| Status::permission_denied("only people renew here"))?;
        let (office, request) = (self.0.clone(), request.into_inner().request);
        off_the_link(move || {
            let certificates = renewal::certify_person(&office, &person, &request)
                .map_err(|error| Status::permission_denied(error.to_string()))?;
            Ok(RenewReply { certificates })
        })
        .await
    }

    async fn people(&self, request: Request<PeopleRequest>) -> Result<Response<PeopleReply>, Status> {
        coordinator_only(&request)?;
        let people = directory::people(&self.0.home).map_err(home_status)?;
        let people = people.into_iter().map(|person| PersonSummary {
            id: person.id.to_string(),
            label: person.label,
            certificate_expires: person.certificate_expires.map(rfc3339).unwrap_or_default(),
            revoked: person.revoked.map(rfc3339).unwrap_or_default(),
        });
        Ok(Response::new(PeopleReply { people: people.collect() }))
    }

    async fn revoke(&self, request: Request<RevokeRequest>) -> Result<Response<RevokeReply>, Status> {
        coordinator_only(&request)?;
        let id =
            |text: String| SiteId::new(text).map_err(|error| Status::invalid_argument(error.to_string()));
        let member = match request.into_inner().member {
            Some(revoke_request::Member::Site(site)) => Member::Site(id(site)?),
            Some(revoke_request::Member::Person(person)) => Member::Person(id(person)?),
            None => return Err(Status::invalid_argument("nobody is named")),
        };
        let office = self.0.clone();
        off_the_link(move || {
            let status_version = revocation::revoke(&office, &member).map_err(revocation_status)?;
            Ok(RevokeReply { status_version })
        })
        .await
    }

    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishReply>, Status> {
        coordinator_only(&request)?;
        let (office, bytes) = (self.0.clone(), request.into_inner().sealed_root);
        off_the_link(move || match publication::publish(&office, &bytes) {
            Ok(version) => Ok(PublishReply { version }),
            Err(error) if error.is_refusal() => Err(Status::failed_precondition(error.to_string())),
            Err(error) => Err(internal(error)),
        })
        .await
    }
}

/// Runs `work` where it may block: it writes and syncs files.
async fn off_the_link<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<Response<T>, Status> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|_| Status::internal("the coordinator failed; its log says why"))?.map(Response::new)
}

/// The newest released run that `selector` names: a run's id, a study's id, or `id@version`.
fn find_run(office: &Office, selector: &str) -> Result<RunId, Status> {
    let lines = office.store.runs().map_err(store_status)?;
    let named = |line: &&RunLine| {
        let study_id = line.study.split('@').next().unwrap_or_default();
        line.run.as_str() == selector || line.study == selector || study_id == selector
    };
    let matching: Vec<&RunLine> = lines.iter().filter(named).collect();
    match (matching.iter().rev().find(|line| line.status == RunStatus::Released), matching.last()) {
        (Some(line), _) => Ok(line.run.clone()),
        (None, Some(line)) => {
            let (run, status, reason) = (&line.run, line.status.name(), &line.reason);
            Err(Status::failed_precondition(format!("run {run} has no result: it is {status}. {reason}")))
        }
        (None, None) => Err(Status::not_found(format!(
            "there is no run or study `{selector}`; `notochord runs` names the runs"
        ))),
    }
}

async fn site_summary(office: &Office, site: &Site) -> SiteSummary {
    let node = office.hub.node(&site.id);
    let connected = node.is_some();
    let mut software = String::new();
    if let Some(mut node) = node
        && let Ok(Ok(reply)) = timeout(CAPABILITIES_DEADLINE, node.capabilities(CapabilitiesRequest {})).await
    {
        software = version(&reply.into_inner().software);
    }
    SiteSummary {
        id: site.id.to_string(),
        label: site.label.clone(),
        connected,
        software,
        certificate_expires: rfc3339(site.certificate_expires),
        revoked: site.revoked.map(rfc3339).unwrap_or_default(),
    }
}

fn summary(office: &Office, submitted: &SubmittedStudy) -> StudySummary {
    let SubmittedStudy { envelope, study } = submitted;
    let root = office.root();
    // A statement that cannot be read is not worth hiding the study for; submitting and running fail on it.
    let stated = statements::about(&office.home, envelope.payload_digest()).unwrap_or_default();
    let statement = |one: Stated| StudyStatement {
        says: one.statement.says.name().to_owned(),
        by: one.by,
        reason: one.statement.reason,
    };
    StudySummary {
        id: study.id.to_string(),
        version: study.version,
        title: study.title.clone(),
        digest: envelope.payload_digest().as_bytes().to_vec(),
        approvals: envelope.signers(&root.approvers),
        approvals_needed: u32::try_from(root.approvers.threshold()).unwrap_or(u32::MAX),
        expires: study.expires.to_string(),
        statements: stated.into_iter().map(statement).collect(),
    }
}

fn run_summary(line: &RunLine) -> RunSummary {
    RunSummary {
        run: line.run.to_string(),
        study: line.study.clone(),
        started: rfc3339(line.started),
        finished: line.finished.map(rfc3339).unwrap_or_default(),
        status: line.status.name().to_owned(),
        reason: line.reason.clone(),
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    // A time that can be held can be written.
    time.format(&Rfc3339).unwrap_or_default()
}

fn coordinator_only<T>(request: &Request<T>) -> Result<(), Status> {
    match request.extensions().get::<Arc<Person>>() {
        Some(person) if person.office == PersonOffice::Coordinator => Ok(()),
        _ => Err(Status::permission_denied("only the coordinator's own people may do this")),
    }
}

fn study_status(error: StudiesError) -> Status {
    let message = error.to_string();
    match error {
        StudiesError::Unknown(_) => Status::not_found(message),
        StudiesError::Home(_) => Status::internal(message),
        StudiesError::DefinedSum { .. }
        | StudiesError::Recused(_)
        | StudiesError::Sealed(_)
        | StudiesError::Superseded(_)
        | StudiesError::Withdrawn(_) => Status::failed_precondition(message),
        StudiesError::Ambiguous(_)
        | StudiesError::Envelope(_)
        | StudiesError::Malformed(_)
        | StudiesError::Taken(_) => Status::invalid_argument(message),
    }
}

fn invite_status(error: InviteError) -> Status {
    let message = error.to_string();
    match error {
        InviteError::Enrolled(_) => Status::already_exists(message),
        InviteError::Label | InviteError::Name(_) | InviteError::TooLong => Status::invalid_argument(message),
        InviteError::Home(_)
        | InviteError::Ledger(_)
        | InviteError::Randomness(_)
        | InviteError::Store(_) => Status::internal(message),
    }
}

fn statement_status(error: StatementsError) -> Status {
    let message = error.to_string();
    match error {
        StatementsError::Studies(error) => study_status(*error),
        StatementsError::Envelope(_) => Status::invalid_argument(message),
        StatementsError::Statement(_) => Status::failed_precondition(message),
        StatementsError::Home(_) | StatementsError::Ledger(_) => Status::internal(message),
    }
}

fn revocation_status(error: RevocationError) -> Status {
    let message = error.to_string();
    match error {
        RevocationError::Unknown(_) => Status::not_found(message),
        RevocationError::Ourselves => Status::failed_precondition(message),
        RevocationError::Home(_) | RevocationError::Ledger(_) | RevocationError::Status(_) => {
            Status::internal(message)
        }
    }
}

fn internal(error: impl std::fmt::Display) -> Status {
    Status::internal(error.to_string())
}

fn home_status(error: HomeError) -> Status {
    Status::internal(error.to_string())
}

fn store_status(error: StoreError) -> Status {
    Status::internal(error.to_string())
}
