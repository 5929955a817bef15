//! What runs tell of themselves. Whoever asked for a run and lost the reply asks again with the same key, and hears
//! everything from the first event; no second run begins.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notochord_proto::name::RunId;
use notochord_proto::wire::run_event::Event;
use notochord_proto::wire::{RunEvent, RunFinished, RunStarted};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::store::{RunLine, RunStatus};

/// The length of a key, in bytes.
const KEY_BYTES: usize = 16;
/// The most runs whose events are kept; older ones are told from the list of runs.
const MOST_KEPT: usize = 64;
/// The events that wait for one listener who is slow.
const MOST_WAITING: usize = 64;

/// The key by which a run is asked for: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunKey(String);

impl RunKey {
    /// The key in a request; nothing where the caller never asks twice.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, Status> {
        match bytes.len() {
            0 => Ok(None),
            KEY_BYTES => Ok(Some(Self(hex::encode(bytes)))),
            _ => Err(Status::invalid_argument("the key of a run is 16 bytes")),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one run tells.
#[derive(Debug)]
pub struct Feed {
    events: Mutex<Vec<RunEvent>>,
    told: watch::Sender<()>,
}

impl Feed {
    /// A run that has told nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { events: Mutex::default(), told: watch::channel(()).0 })
    }

    /// A run of which only its line is left.
    pub fn of_line(line: &RunLine) -> Arc<Self> {
        let feed = Self::new();
        let run = line.run.to_string();
        feed.tell(Event::Started(RunStarted { run: run.clone(), sites: Vec::new() }));
        if line.status != RunStatus::Running {
            let (status, reason) = (line.status.name().to_owned(), line.reason.clone());
            feed.tell(Event::Finished(RunFinished { run, status, reason }));
        }
        feed
    }

    /// Tells everybody who listens, now and later.
    pub fn tell(&self, event: Event) {
        self.events().push(RunEvent { event: Some(event) });
        self.told.send_replace(());
    }

    /// Every event from the first to the last.
    pub fn follow(self: Arc<Self>) -> ReceiverStream<Result<RunEvent, Status>> {
        let (listener, stream) = mpsc::channel(MOST_WAITING);
        tokio::spawn(async move {
            let (mut news, mut next) = (self.told.subscribe(), 0);
            loop {
                let fresh = self.events().get(next).cloned();
                let Some(event) = fresh else {
                    tokio::select! {
                        // The sender lives as long as this feed.
                        _ = news.changed() => continue,
                        () = listener.closed() => return,
                    }
                };
                next += 1;
                let is_last = matches!(event.event, Some(Event::Finished(_)));
                // Whoever left is told nothing more; the run goes on.
                if listener.send(Ok(event)).await.is_err() || is_last {
                    return;
                }
            }
        });
        ReceiverStream::new(stream)
    }

    fn events(&self) -> MutexGuard<'_, Vec<RunEvent>> {
        // A list that only grows is whole, whatever happened to a thread that held it.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest runs' feeds.
#[derive(Debug, Default)]
pub struct Feeds(VecDeque<(RunId, Arc<Feed>)>);

impl Feeds {
    /// Keeps a run's feed.
    pub fn keep(&mut self, run: RunId, feed: Arc<Feed>) {
        if self.0.len() >= MOST_KEPT {
            self.0.pop_front();
        }
        self.0.push_back((run, feed));
    }

    /// The feed of a run.
    pub fn of(&self, run: &RunId) -> Option<Arc<Feed>> {
        self.0.iter().find(|(kept, _)| kept == run).map(|(_, feed)| feed.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio_stream::StreamExt as _;

    use super::*;

    fn finished() -> Event {
        Event::Finished(RunFinished { run: "r".into(), status: "released".into(), reason: String::new() })
    }

    #[tokio::test]
    async fn whoever_comes_late_hears_every_event_and_the_end() {
        let feed = Feed::new();
        feed.tell(Event::Started(RunStarted { run: "r".into(), sites: Vec::new() }));
        let early = feed.clone().follow();
        let told = tokio::spawn(async move { early.collect::<Vec<_>>().await });
        feed.tell(finished());
        let late: Vec<_> = feed.follow().collect().await;
        assert_eq!(late.len(), 2);
        assert_eq!(told.await.unwrap().len(), 2);
    }

    #[test]
    fn the_newest_runs_are_kept() {
        let mut feeds = Feeds::default();
        let run = |number: usize| RunId::new(format!("r{number}")).unwrap();
        (0..=MOST_KEPT).for_each(|number| feeds.keep(run(number), Feed::new()));
        assert!(feeds.of(&run(0)).is_none());
        assert!(feeds.of(&run(1)).is_some() && feeds.of(&run(MOST_KEPT)).is_some());
    }

    #[test]
    fn a_key_is_sixteen_bytes_or_none() {
        assert_eq!(RunKey::read(&[]).unwrap(), None);
        assert_eq!(RunKey::read(&[7; 16]).unwrap().unwrap().as_str().len(), 32);
        assert!(RunKey::read(&[7; 15]).is_err());
    }
}
