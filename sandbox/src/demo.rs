//! The demo: the reference network, over real public data that the binary carries.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the demo speaks to people")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_program::failure::Failure;
use notochord_proto::study::Study;

use crate::dry_run::{DryRun, Rows};
use crate::split::{Split, split};

/// A registry of the reference network.
struct Registry {
    name: &'static str,
    about: &'static str,
    dictionary: &'static str,
    data: &'static str,
    studies: &'static [(&'static str, &'static str)],
}

macro_rules! reference {
    ($registry:literal, $file:literal) => {
        include_str!(concat!("../../deploy/networks/reference/", $registry, "/", $file))
    };
}

const REGISTRIES: &[Registry] = &[
    Registry {
        name: "colon",
        about: "929 patients of a trial of adjuvant therapy for colon cancer",
        dictionary: reference!("colon", "dictionary.csv"),
        data: reference!("colon", "data.csv"),
        studies: &[
            ("baseline.toml", reference!("colon", "studies/baseline.toml")),
            ("nodes.toml", reference!("colon", "studies/nodes.toml")),
        ],
    },
    Registry {
        name: "lung",
        about: "228 patients with advanced lung cancer",
        dictionary: reference!("lung", "dictionary.csv"),
        data: reference!("lung", "data.csv"),
        studies: &[("performance.toml", reference!("lung", "studies/performance.toml"))],
    },
];

/// Run the reference network: real public data, split over centres
#[derive(Args)]
#[command(after_help = "Example: notochord-sandbox demo --sites 5 --out demo-results")]
pub(crate) struct Demo {
    /// The network to show; this version ships one
    #[arg(long, default_value = "reference", value_parser = ["reference"])]
    network: String,
    /// How many centres; by default the three that the files name
    #[arg(long, value_parser = clap::value_parser!(u16).range(3..=50))]
    sites: Option<u16>,
    /// Only this study; once for each
    #[arg(long)]
    study: Vec<String>,
    /// Where to write results: DIR/STUDY-ID/
    #[arg(long, default_value = "demo-results")]
    out: PathBuf,
}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.check_studies()?;
        println!(
            "Notochord: each centre is a process of its own with its own data; studies are signed, approved and \
             accepted;\nwhat leaves a centre is counts and sums, under disclosure rules.\n"
        );
        let directory = tempfile::tempdir().map_err(Failure::failed)?;
        let mut ran = 0;
        for registry in REGISTRIES {
            ran += self.show(registry, directory.path())?;
        }
        match ran {
            0 => Err(Failure::usage(format!("the network `{}` has no such study", self.network))),
            _ => {
                println!("Open {}/<study>/report.html in a browser.", self.out.display());
                Ok(())
            }
        }
    }

    /// Every study asked for is one of the network's.
    fn check_studies(&self) -> Result<(), Failure> {
        let documents = REGISTRIES.iter().flat_map(|registry| registry.studies);
        let known = documents
            .map(|(name, text)| Ok(Study::parse(name, text.as_bytes())?.id.to_string()))
            .collect::<Result<Vec<_>, Failure>>()?;
        match self.study.iter().find(|asked| !known.contains(asked)) {
            None => Ok(()),
            Some(unknown) => {
                let message =
                    format!("--study {unknown}: the network `{}` has {}", self.network, known.join(", "));
                Err(Failure::usage(message))
            }
        }
    }

    /// Runs a registry's studies; says how many there were.
    fn show(&self, registry: &Registry, directory: &Path) -> Result<usize, Failure> {
        let directory = directory.join(registry.name);
        fs::create_dir_all(&directory).map_err(Failure::failed)?;
        let put = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).map(|()| path).map_err(Failure::failed)
        };
        let mut studies = Vec::new();
        for (name, text) in registry.studies {
            let study = Study::parse(name, text.as_bytes())?;
            if self.study.is_empty() || self.study.iter().any(|wanted| wanted == study.id.as_str()) {
                studies.push((put(name, text)?, study));
            }
        }
        if studies.is_empty() {
            return Ok(0);
        }
        let how = self.sites.map_or(Split::Column("site"), |count| Split::InTurn(count.into()));
        let file = Path::new("data.csv");
        let sites = split(file, registry.data.as_bytes(), "record_id", &how).map_err(Failure::failed)?;
        let sites: Vec<_> = sites.into_iter().map(|(site, rows)| (site, Rows::Part(rows))).collect();
        println!("The {} registry: {}, at {} centres.", registry.name, registry.about, sites.len());
        let dictionary = put("dictionary.csv", registry.dictionary)?;
        let dry_run =
            DryRun { dictionary: &dictionary, events: None, sites, studies: &studies, minimum: None };
        for (ran, (_, study)) in dry_run.run(&self.out)?.iter().zip(&studies) {
            println!("\n═══ {} ({})\n{}", study.title, study.id, study.question);
            println!("{}", ran.printed);
            println!("files: {}\n", ran.directory.display());
        }
        Ok(studies.len())
    }
}
