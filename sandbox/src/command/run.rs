use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::dictionary_directory;
use notochord_program::failure::Failure;
use notochord_proto::study::Study;
use serde_json::Value;

use crate::dry_run::{DryRun, Source};

const EXAMPLE: &str = "Examples:
  notochord-sandbox run --dictionary dictionary.csv --data registry.csv --site-column site --study study.toml
  notochord-sandbox run --dictionary dictionary.csv --data A=a.csv --data B=b.csv --data C=c.csv --study study.toml";

/// Run studies over your own files, in a network that is thrown away
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Run {
    /// The data dictionary: REDCap's CSV, or a directory with all its files
    #[arg(long)]
    dictionary: PathBuf,
    /// The events of a longitudinal registry (CSV), beside a dictionary that is one CSV
    #[arg(long)]
    events: Option<PathBuf>,
    /// A file with a site column, or SITE=FILE once or more for each site
    #[arg(long, required = true)]
    data: Vec<String>,
    /// The column that names the site
    #[arg(long)]
    site_column: Option<String>,
    /// Instead of a column: spread the rows of one file in turn over this many sites
    #[arg(long, conflicts_with = "site_column", value_parser = clap::value_parser!(u16).range(1..=50))]
    sites: Option<u16>,
    /// A study document; once for each study
    #[arg(long, required = true)]
    study: Vec<PathBuf>,
    /// Replace the k of every profile in this throw-away network; with 1 no disclosure rule acts
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    minimum: Option<u32>,
    /// Where to write results: DIR/STUDY-ID/
    #[arg(long, default_value = "notochord-results")]
    out: PathBuf,
    /// Print the results as a JSON array, and nothing else
    #[arg(long)]
    json: bool,
    /// Say which disclosure rules the studies would meet at each site, and run nothing
    #[arg(long)]
    preview: bool,
}

impl Run {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (_, dictionary) = dictionary_directory::open(&self.dictionary)?;
        let studies = self.study.iter().map(|file| read_study(file)).collect::<Result<Vec<_>, _>>()?;
        let dry_run = DryRun {
            dictionary: &self.dictionary,
            events: self.events.as_deref(),
            sites: self.source()?.sites(dictionary.record_id().as_str())?,
            studies: &studies,
            minimum: self.minimum,
        };
        if self.preview {
            print!("{}", dry_run.preview()?);
            return Ok(());
        }
        let mut results = Vec::new();
        for ran in dry_run.run(&self.out)? {
            if !self.json {
                println!("{}", ran.printed);
                println!("files: {}", ran.directory.display());
            }
            let json = fs::read(ran.directory.join("result.json")).map_err(Failure::failed)?;
            results.push(serde_json::from_slice::<Value>(&json).map_err(Failure::failed)?);
        }
        if self.json {
            println!("{}", Value::from(results.clone()));
        }
        match results.iter().flat_map(refused).next() {
            None => Ok(()),
            Some(analysis) => Err(Failure::failed(format!(
                "analysis {analysis} could not be answered; its reason is above"
            ))),
        }
    }

    fn source(&self) -> Result<Source, Failure> {
        match (&self.data[..], &self.site_column, self.sites) {
            ([file], Some(column), None) => Ok(Source::Column(PathBuf::from(file), column.clone())),
            ([file], None, Some(count)) => Ok(Source::InTurn(PathBuf::from(file), count.into())),
            (_, Some(_), _) | (_, _, Some(_)) => {
                Err(Failure::usage("--site-column and --sites go with one --data FILE"))
            }
            (files, None, None) => files
                .iter()
                .map(|one| {
                    let (site, file) = one.split_once('=').ok_or_else(|| {
                        Failure::usage(format!(
                            "--data {one}: write SITE=FILE, or name the site column with --site-column"
                        ))
                    })?;
                    Ok((site.to_owned(), PathBuf::from(file)))
                })
                .collect::<Result<_, _>>()
                .map(Source::Files),
        }
    }
}

/// A study document that parses.
fn read_study(file: &Path) -> Result<(PathBuf, Study), Failure> {
    let name = file.display().to_string();
    let bytes = fs::read(file).map_err(|error| Failure::unreadable(file, &error))?;
    Ok((file.to_owned(), Study::parse(&name, &bytes)?))
}

/// The analyses of a result that got no answer for another reason than a rule.
fn refused(result: &Value) -> Vec<String> {
    let analyses = result["analyses"].as_object();
    let refused = analyses.into_iter().flatten().filter(|(_, analysis)| analysis["status"] == "refused");
    refused.map(|(id, _)| id.clone()).collect()
}
