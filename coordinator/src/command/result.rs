use std::path::{Path, PathBuf};

use clap::Args;
use notochord_program::failure::Failure;
use notochord_proto::wire::ResultRequest;

use crate::client::{Client, connect, status_failure};
use crate::printing;
use crate::result::ResultBundle;

/// Print a result and write its files
#[derive(Args)]
#[command(after_help = "Example: notochord --home network result colon-adjuvant --out results")]
pub(super) struct ResultCommand {
    /// A run's id, or a study for its newest released run
    run: String,
    /// Write result.json, evidence.json, the CSV files and report.html here
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print result.json
    #[arg(long)]
    json: bool,
}

impl ResultCommand {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        let mut client = connect(home).await?;
        let bundle = fetch(&mut client, &self.run).await?;
        match self.json {
            true => print!("{}", String::from_utf8_lossy(&bundle.json)),
            false => println!("{}", printing::result(&bundle)),
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

/// Fetches the result of a run.
pub(super) async fn fetch(client: &mut Client, run: &str) -> Result<ResultBundle, Failure> {
    let request = ResultRequest { run: run.to_owned() };
    let reply = client.desk.result(request).await.map_err(status_failure)?.into_inner();
    let tables = serde_json::from_slice(&reply.tables)
        .map_err(|error| Failure::failed(format!("the coordinator's tables cannot be read: {error}")))?;
    Ok(ResultBundle { json: reply.result, tables, evidence: reply.evidence })
}
