use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use notochord_link::backoff::{Backoff, jitter};
use notochord_program::failure::Failure;
use notochord_proto::wire::run_event::Event;
use notochord_proto::wire::{RoundStarted, RunFinished, RunRequest, RunsRequest, SiteProgress};
use notochord_stats::outcome::{Cell, Table};
use serde_json::json;
use tonic::{Code, Status};

use super::result::fetch;
use crate::client::{Client, connect, status_failure};
use crate::printing;
use crate::site_status::SiteStatus;

/// How long a coordinator that went away may take to come back before the command gives up on it.
const RETURN: Duration = Duration::from_secs(10);

/// How often it may go away during one run.
const MOST_RETURNS: u32 = 5;

/// Run a study and wait for its end
#[derive(Args)]
#[command(after_help = "Example: notochord --home network run colon-adjuvant --deadline 2m --out results")]
pub(super) struct Run {
    /// The study: `id` (its newest version), `id@version`, or the first digits of its digest
    study: String,
    /// How long sites may take to answer, in each round
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    deadline: Duration,
    /// Write result.json, evidence.json, the CSV files and report.html here
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print events as JSON lines, and no tables
    #[arg(long)]
    json: bool,
}

impl Run {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        let mut key = vec![0; 16];
        getrandom::fill(&mut key)
            .map_err(|error| Failure::failed(format!("the operating system gives no randomness: {error}")))?;
        let request = RunRequest {
            study: self.study.clone(),
            deadline_s: self.deadline.as_secs().max(1),
            idempotency_key: key,
        };
        let mut account: Box<dyn Account> = match (self.json, std::io::stderr().is_terminal()) {
            (true, _) => Box::new(JsonLines),
            (false, true) => Box::new(LiveLines::default()),
            (false, false) => Box::new(PlainLines),
        };
        let mut client = connect(home).await?;
        let (mut told, mut returns) = (0, 0);
        let finished = loop {
            match listen(&mut client, &request, &mut told, &mut *account).await {
                Ok(Some(finished)) => break finished,
                Ok(None) if returns < MOST_RETURNS => {}
                Ok(None) => return Err(gone()),
                Err(status) if is_lost(&status) && returns < MOST_RETURNS => {}
                Err(status) => return Err(status_failure(status)),
            }
            eprintln!("note: the coordinator went away; it is asked again about this same run");
            returns += 1;
            client = return_of(home).await?;
        };
        account.finished(&finished);
        if finished.status != "released" {
            return Err(Failure::failed(format!(
                "run {} is {}: {}",
                finished.run, finished.status, finished.reason
            )));
        }
        let bundle = fetch(&mut client, &finished.run).await?;
        if !self.json {
            println!("{}", printing::result(&bundle));
        }
        if let Some(out) = &self.out {
            for path in
                bundle.write(out).map_err(|error| Failure::failed(format!("{}: {error}", out.display())))?
            {
                eprintln!("wrote {}", path.display());
            }
        }
        Ok(())
    }
}

/// Listens to a run that is begun, or goes on, under the request's key; tells what was not told before. Nothing if the
/// coordinator went away before the end.
async fn listen(
    client: &mut Client,
    request: &RunRequest,
    told: &mut usize,
    account: &mut dyn Account,
) -> Result<Option<RunFinished>, Status> {
    let mut events = client.desk.run(request.clone()).await?.into_inner();
    let mut heard = 0;
    while let Some(event) = events.message().await? {
        heard += 1;
        let is_new = heard > *told;
        *told = heard.max(*told);
        match event.event {
            Some(Event::Finished(end)) => return Ok(Some(end)),
            Some(Event::Started(started)) if is_new => account.started(&started.run, &started.sites),
            Some(Event::Round(started)) if is_new => account.round(&started),
            Some(Event::Site(progress)) if is_new => account.site(&progress),
            Some(Event::Started(_) | Event::Round(_) | Event::Site(_)) | None => {}
        }
    }
    Ok(None)
}

/// What tonic says when the link is gone.
fn is_lost(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Internal | Code::Unknown)
}

/// The coordinator, once it is back; it may restart in between.
async fn return_of(home: &Path) -> Result<Client, Failure> {
    let lost = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    while lost.elapsed() < RETURN {
        tokio::time::sleep(backoff.next(jitter())).await;
        if let Ok(client) = connect(home).await {
            return Ok(client);
        }
    }
    Err(gone())
}

fn gone() -> Failure {
    Failure::failed("the coordinator went away during the run; `notochord runs` says how it ended")
}

/// How a run's progress is told.
trait Account {
    fn started(&mut self, run: &str, sites: &[String]);
    fn round(&mut self, started: &RoundStarted);
    fn site(&mut self, progress: &SiteProgress);
    fn finished(&mut self, finished: &RunFinished);
}

/// One live line per site, on a terminal.
#[derive(Default)]
struct LiveLines {
    lines: MultiProgress,
    sites: BTreeMap<String, ProgressBar>,
}

impl Account for LiveLines {
    fn started(&mut self, run: &str, sites: &[String]) {
        // A fixed template that is known to parse.
        let style = ProgressStyle::with_template("  {spinner} {prefix:<28} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        // What cannot be drawn is not worth failing for.
        let _ = self.lines.println(format!("run {run}"));
        for label in sites {
            let line = self.lines.add(ProgressBar::new_spinner().with_style(style.clone()));
            line.set_prefix(label.clone());
            line.set_message("asked");
            line.enable_steady_tick(Duration::from_millis(100));
            self.sites.insert(label.clone(), line);
        }
    }

    fn round(&mut self, started: &RoundStarted) {
        if started.round > 1 {
            let _ = self.lines.println(later_round(started));
        }
    }

    fn site(&mut self, progress: &SiteProgress) {
        let Some(line) = self.sites.get(&progress.label) else { return };
        let words = || in_words(&progress.status, &progress.detail);
        match (progress.status.as_str(), progress.round) {
            ("accepted", _) => line.set_message("study accepted, computing"),
            ("contributed", 1) => line.set_message("contributed"),
            ("contributed", round) => line.set_message(format!("contributed to round {round}")),
            (_, 0 | 1) => line.finish_with_message(words()),
            (_, round) => line.finish_with_message(format!("{} in round {round}", words())),
        }
    }

    fn finished(&mut self, _: &RunFinished) {
        self.sites.values().filter(|line| !line.is_finished()).for_each(|line| line.finish());
    }
}

/// A line per event, where no terminal is.
struct PlainLines;

impl Account for PlainLines {
    fn started(&mut self, run: &str, sites: &[String]) {
        eprintln!("run {run}: asking {} sites", sites.len());
    }

    fn round(&mut self, started: &RoundStarted) {
        if started.round > 1 {
            eprintln!("{}", later_round(started));
        }
    }

    fn site(&mut self, progress: &SiteProgress) {
        // Twenty sites that answer twenty rounds are no news; one that does not is.
        match (progress.status.as_str(), progress.round) {
            ("contributed", 2..) => {}
            (status, _) => eprintln!("  {}: {}", progress.label, in_words(status, &progress.detail)),
        }
    }

    fn finished(&mut self, finished: &RunFinished) {
        eprintln!("run {}: {}", finished.run, finished.status);
    }
}

/// A JSON object per event, for programs.
struct JsonLines;

impl Account for JsonLines {
    fn started(&mut self, run: &str, sites: &[String]) {
        println!("{}", json!({ "event": "started", "run": run, "sites": sites }));
    }

    fn round(&mut self, started: &RoundStarted) {
        let RoundStarted { round, analyses } = started;
        println!("{}", json!({ "event": "round_started", "round": round, "analyses": analyses }));
    }

    fn site(&mut self, progress: &SiteProgress) {
        let SiteProgress { site, label, status, detail, round } = progress;
        // Before the first round a site says whether it takes part.
        let round = (*round > 0).then_some(round);
        let mut event =
            json!({ "event": "site", "site": site, "label": label, "status": status, "round": round });
        if !detail.is_empty() {
            event["detail"] = json!(detail);
        }
        println!("{event}");
    }

    fn finished(&mut self, finished: &RunFinished) {
        let RunFinished { run, status, reason } = finished;
        println!("{}", json!({ "event": "finished", "run": run, "status": status, "reason": reason }));
    }
}

fn later_round(started: &RoundStarted) -> String {
    format!("round {}: {}", started.round, started.analyses.join(", "))
}

fn in_words(status: &str, detail: &str) -> String {
    let words = match SiteStatus::named(status) {
        Some(status) => status.in_words(),
        None if status == "accepted" => "has accepted the study",
        None => "asked",
    };
    if detail.is_empty() { words.to_owned() } else { format!("{words}: {detail}") }
}

/// List runs
#[derive(Args)]
#[command(after_help = "Example: notochord --home network runs")]
pub(super) struct Runs {
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Runs {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        let mut client = connect(home).await?;
        let runs = client.desk.runs(RunsRequest {}).await.map_err(status_failure)?.into_inner().runs;
        if self.json {
            let lines = runs.iter().map(|run| {
                json!({
                    "run": run.run, "study": run.study, "started": run.started, "finished": run.finished,
                    "status": run.status, "reason": run.reason,
                })
            });
            println!("{}", serde_json::Value::from_iter(lines));
            return Ok(());
        }
        let columns = ["run", "study", "started", "status", "reason"].map(str::to_owned).into();
        let rows = runs
            .into_iter()
            .map(|run| [run.run, run.study, run.started, run.status, run.reason].map(Cell::Text).into());
        println!("{}", printing::grid(&Table { title: String::new(), columns, rows: rows.collect() }));
        Ok(())
    }
}
