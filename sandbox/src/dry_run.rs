//! Studies over files on this machine: a network is set up, used and thrown away.

#![allow(clippy::print_stderr, reason = "a dry run speaks to people")]

use std::fs;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use notochord::office::slug;
use notochord_program::failure::Failure;
use notochord_proto::study::Study;
use serde_json::Value;
use std::io::IsTerminal as _;
use std::time::Duration;
use tempfile::TempDir;

use crate::network::{Network, NetworkError, Node, Plan};
use crate::process::Program;
use crate::split::{Split, split};

/// Where the sites' rows are.
pub(crate) enum Source {
    /// In one file, by a column.
    Column(PathBuf, String),
    /// A file or more for each site.
    Files(Vec<(String, PathBuf)>),
    /// In one file, in turn.
    InTurn(PathBuf, usize),
}

/// A site's rows.
pub(crate) enum Rows {
    /// Files of their own.
    Files(Vec<PathBuf>),
    /// A part of another file.
    Part(Vec<u8>),
}

/// Studies to run over sites' data.
pub(crate) struct DryRun<'a> {
    pub(crate) dictionary: &'a Path,
    pub(crate) events: Option<&'a Path>,
    pub(crate) sites: Vec<(String, Rows)>,
    pub(crate) studies: &'a [(PathBuf, Study)],
    pub(crate) minimum: Option<u32>,
}

/// A study that has run.
pub(crate) struct Ran {
    /// What the run printed: the tables.
    pub(crate) printed: String,
    /// Where its files are.
    pub(crate) directory: PathBuf,
}

impl Source {
    /// The sites' rows; `record_id` is the column that tells patients apart.
    pub(crate) fn sites(&self, record_id: &str) -> Result<Vec<(String, Rows)>, Failure> {
        match self {
            Self::Column(file, column) => parts(file, record_id, &Split::Column(column)),
            Self::InTurn(file, count) => parts(file, record_id, &Split::InTurn(*count)),
            Self::Files(files) => whole(files),
        }
    }
}

fn parts(file: &Path, record_id: &str, how: &Split<'_>) -> Result<Vec<(String, Rows)>, Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::unreadable(file, &error))?;
    let sites = split(file, &bytes, record_id, how).map_err(Failure::usage)?;
    Ok(sites.into_iter().map(|(site, rows)| (site, Rows::Part(rows))).collect())
}

/// The files of each site, in the order in which the sites are first named.
fn whole(files: &[(String, PathBuf)]) -> Result<Vec<(String, Rows)>, Failure> {
    let mut sites: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for (site, file) in files {
        // Opened before a network is made for it.
        fs::File::open(file).map_err(|error| Failure::unreadable(file, &error))?;
        match sites.iter_mut().find(|(named, _)| named == site) {
            Some((_, files)) => files.push(file.clone()),
            None => sites.push((site.clone(), vec![file.clone()])),
        }
    }
    Ok(sites.into_iter().map(|(site, files)| (site, Rows::Files(files))).collect())
}

impl DryRun<'_> {
    /// Runs every study and writes its files under `out`.
    pub(crate) fn run(&self, out: &Path) -> Result<Vec<Ran>, Failure> {
        let progress = spinner();
        let (network, _directory) = self.network(&progress)?;
        let mut ran = Vec::new();
        for (file, study) in self.studies {
            let name = format!("{}@{}", study.id, study.version);
            progress.set_message(format!("sealing {name}, and having it approved and accepted"));
            network.submit(file, 1)?;
            network.accept_everywhere(study.id.as_str())?;
            progress.set_message(format!("running {name}"));
            let directory = out.join(study.id.as_str());
            let output = network.run(&name, &directory, &[])?;
            progress.suspend(|| ());
            ran.push(Ran { printed: String::from_utf8_lossy(&output.stdout).into_owned(), directory });
        }
        progress.finish_and_clear();
        Ok(ran)
    }

    /// Which rules each study would meet at each site, in words.
    pub(crate) fn preview(&self) -> Result<String, Failure> {
        let progress = spinner();
        let (network, _directory) = self.network(&progress)?;
        let mut text = String::new();
        for (file, study) in self.studies {
            network.submit(file, 1)?;
            text.push_str(&format!("{} version {}\n", study.id, study.version));
            for (index, node) in network.nodes().iter().enumerate() {
                network.wait_for_study(index, study.id.as_str())?;
                let printed =
                    network.node_command(&node.home, ["study", "preview", study.id.as_str(), "--json"])?;
                let analyses: Value = serde_json::from_slice(&printed.stdout).map_err(Failure::failed)?;
                text.push_str(&format!("  {}\n", node.label));
                analyses.as_array().into_iter().flatten().for_each(|one| text.push_str(&met(one)));
            }
        }
        progress.finish_and_clear();
        Ok(text)
    }

    fn network(&self, progress: &ProgressBar) -> Result<(Network, TempDir), Failure> {
        let name = self.network_name()?;
        self.check_names()?;
        let directory = tempfile::tempdir().map_err(Failure::failed)?;
        let files = directory.path().join("data");
        fs::create_dir_all(&files).map_err(Failure::failed)?;
        let mut sites = Vec::new();
        for (number, (site, rows)) in self.sites.iter().enumerate() {
            let data = match rows {
                Rows::Files(files) => files.clone(),
                Rows::Part(bytes) => {
                    let file = files.join(format!("{number}.csv"));
                    fs::write(&file, bytes).map(|()| vec![file]).map_err(Failure::failed)?
                }
            };
            sites.push((site.clone(), data));
        }
        progress.set_message("starting the coordinator");
        let plan = Plan {
            name: &name,
            dictionary: self.dictionary,
            events: self.events,
            throwaway_minimum: self.minimum,
            approvers: 1,
        };
        let program = Program::current().map_err(Failure::failed)?;
        let mut network = Network::start(program, &directory.path().join("network"), &plan)?;
        progress.set_message(format!("starting {} nodes", sites.len()));
        network.add_sites(&sites).map_err(|error| named_by_site(error, &sites, &files))?;
        progress.suspend(|| network.nodes().iter().for_each(say_findings));
        network.wait_for_sites(sites.len())?;
        Ok((network, directory))
    }

    /// Sites are told apart by the letters and digits of their names.
    fn check_names(&self) -> Result<(), Failure> {
        let ids: Vec<String> = self.sites.iter().map(|(site, _)| slug(site)).collect();
        for (at, (id, (site, _))) in ids.iter().zip(&self.sites).enumerate() {
            if id.is_empty() {
                return Err(Failure::usage(format!("the site `{site}`: its name needs a letter or a digit")));
            }
            if ids[..at].contains(id) {
                let message =
                    format!("the site `{site}`: another has the same letters and digits in its name");
                return Err(Failure::usage(message));
            }
        }
        Ok(())
    }

    /// The studies' network; all must name the same.
    fn network_name(&self) -> Result<String, Failure> {
        let mut names = self.studies.iter().map(|(_, study)| study.network.as_str());
        let first = names.next().ok_or_else(|| Failure::usage("name a study with --study"))?;
        match names.find(|name| *name != first) {
            Some(other) => {
                Err(Failure::usage(format!("the studies name two networks, `{first}` and `{other}`")))
            }
            None => Ok(first.to_owned()),
        }
    }
}

/// The same error about a site's rows instead of a file in `directory`, which nobody knows.
fn named_by_site(error: NetworkError, sites: &[(String, Vec<PathBuf>)], directory: &Path) -> Failure {
    let NetworkError::Command { code, message } = error else { return error.into() };
    let files = sites.iter().flat_map(|(site, files)| files.iter().map(move |file| (site, file)));
    let parts = files.filter(|(_, file)| file.starts_with(directory));
    let message = parts.fold(message, |message, (site, file)| {
        message.replace(&file.display().to_string(), &format!("the rows of `{site}`"))
    });
    NetworkError::Command { code, message }.into()
}

/// Says which rows a site left out: without them its numbers are not those of the file.
fn say_findings(node: &Node) {
    const SHOWN: usize = 5;
    let count = node.findings.len();
    if count > 0 {
        eprintln!("{}: {count} findings; their rows are left out", node.label);
        node.findings.iter().take(SHOWN).for_each(|finding| eprintln!("  {finding}"));
    }
    if count > SHOWN {
        eprintln!("  … `notochord-node check FILE --dictionary DICTIONARY --out DIR` lists them all");
    }
}

/// What one analysis would meet at one site.
fn met(analysis: &Value) -> String {
    let integers = analysis["leaves"].as_array().map(Vec::as_slice).unwrap_or_default();
    let staying = integers.iter().filter(|one| one["value"].is_null()).count();
    let name = analysis["analysis"].as_str().unwrap_or_default();
    let mut text = match staying {
        0 => format!("    {name}: all {} numbers leave\n", integers.len()),
        all if all == integers.len() => format!("    {name}: nothing leaves\n"),
        some => format!("    {name}: {some} of {} numbers stay\n", integers.len()),
    };
    for rule in analysis["rules"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        text.push_str(&format!("      {rule}\n"));
    }
    text
}

fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // A fixed template that is known to parse.
    let style =
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
