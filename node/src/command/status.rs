use std::path::Path;

use clap::Args;
use notochord_program::failure::Failure;
use notochord_proto::study::Study;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::study::{arrived, centre};
use crate::decision::Decision;
use crate::home::Home;
use crate::meeting::general_lacks;
use crate::upkeep;

/// Say who this node is, what data it holds and what waits
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node status")]
pub(super) struct Status {
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let membership = home.membership()?;
        let snapshots = home.snapshots()?.list().map_err(Failure::failed)?;
        let (studies, centre) = (arrived(&home)?, centre(&home)?);
        let name = |study: &Study| format!("{}@{}", study.id, study.version);
        let coordinator = home.coordinator_offer();
        let general = coordinator.iter().flat_map(|theirs| general_lacks(centre.offer(), theirs));
        let lacks: Vec<String> = general
            .map(|lack| format!("this node: {lack}"))
            .chain(studies.iter().filter_map(|one| {
                let lack = centre.lacks(&one.study).into_iter().next()?;
                Some(format!("`{}` {lack}", name(&one.study)))
            }))
            .collect();
        let waiting: Vec<String> = studies
            .into_iter()
            .filter(|one| one.decision == Decision::Pending && one.stopped.is_none())
            .map(|candidate| name(&candidate.study))
            .collect();
        let ends = OffsetDateTime::from_unix_timestamp(membership.certificate_end())
            .ok()
            .and_then(|end| end.format(&Rfc3339).ok())
            .unwrap_or_default();
        let newest = snapshots.first();
        let locked = home.ledger_lock()?;
        let now = OffsetDateTime::now_utc();
        let heard = membership.trust.last_heard();
        let written = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
        let concern = upkeep::concern_of(&membership, now);
        if self.json {
            let snapshot = newest.map(|one| json!({ "sha256": one.content, "patients": one.patients }));
            let status = json!({
                "identity": membership.identity.to_string(), "label": membership.label,
                "coordinator": membership.connect, "certificate_expires": ends,
                "root_version": membership.root.version, "concern": concern,
                "status_list": heard.map(|list| json!({ "version": list.version, "ends": written(list.expires) })),
                "snapshots": snapshots.len(), "newest_snapshot": snapshot, "waiting": waiting,
                "ledger_locked": locked, "lacks": lacks, "software": centre.offer().software(),
                "coordinator_software": coordinator.as_ref().map(|offer| offer.software()),
            });
            println!("{status}");
            return Ok(());
        }
        println!("{} ({})", membership.label, membership.identity);
        println!("coordinator      {}", membership.connect);
        println!("certificate ends {ends}");
        println!("software         {}", centre.offer().software());
        if let Some(coordinator) = &coordinator {
            println!("coordinator's    {}", coordinator.software());
        }
        lacks.iter().for_each(|lack| println!("LACKING          {lack}"));
        match heard {
            Some(list) => println!("status list      {}, ends {}", list.version, written(list.expires)),
            None => println!("status list      none yet; it comes with the first link"),
        }
        concern.iter().for_each(|concern| println!("ATTENTION        {concern}"));
        super::enrol::trust(&membership).iter().for_each(|line| println!("{line}"));
        match newest {
            Some(one) => {
                println!(
                    "newest snapshot  {} of {} patients, {} in all",
                    one.content,
                    one.patients,
                    snapshots.len()
                )
            }
            None => println!("newest snapshot  none; run `notochord-node import FILE`"),
        }
        if let Some(why) = locked {
            println!("LOCKED: nothing is answered, because {why}");
        }
        match waiting.is_empty() {
            true => println!("no study waits for a decision"),
            false => println!("waiting for a decision: {}", waiting.join(", ")),
        }
        Ok(())
    }
}
