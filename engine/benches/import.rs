//! How fast a registry is imported, and in how much memory: `cargo bench -p notochord-engine --bench import --
//! ROWS` makes up that many rows (1 000 000 unless told) of 40 columns, imports them, and prints both.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use notochord_engine::import::{Importer, MEMORY};
use notochord_engine::record_key::RecordKey;
use notochord_engine::snapshot::Snapshots;
use notochord_proto::dictionary::Dictionary;
use time::OffsetDateTime;

const ROWS: u64 = 1_000_000;
/// Of each patient.
const VISITS: u64 = 5;
const FIELDS: u64 = 39;
const HEADINGS: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
    \"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,\
    Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),\
    Required Field?,Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,\
    Field Annotation";

fn main() -> Result<(), Box<dyn Error>> {
    let rows = env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(ROWS);
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("rows.csv");
    write(&path, rows)?;
    let dictionary = dictionary().map_err(|problems| format!("{problems:?}"))?;
    let key = RecordKey::from_bytes([7; 32]);
    let snapshots = Snapshots::at(directory.path().join("snapshots"), None);

    let begin = Instant::now();
    let reserved = snapshots.reserve()?;
    let mut importer = Importer::new(&dictionary, &key, snapshots.directory())?;
    importer.read_file(&path, |_| ())?;
    let read = begin.elapsed();
    let imported = importer.keep(&reserved, OffsetDateTime::now_utc(), "bench")?;
    let took = begin.elapsed();

    let (patients, quarantined) = (imported.written.manifest().patients, imported.quality.rows_quarantined);
    let megabytes = fs::metadata(&path)?.len() >> 20;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{rows} rows of {} columns ({megabytes} MiB), {patients} patients, {quarantined} quarantined",
        FIELDS + 1
    )?;
    writeln!(
        out,
        "{:.1} s ({:.1} s reading), {:.0} rows/s",
        took.as_secs_f64(),
        read.as_secs_f64(),
        rows as f64 / took.as_secs_f64()
    )?;
    if let Some(peak) = peak_memory() {
        writeln!(out, "{peak} KiB at the most; {} KiB of rows are held at a time", MEMORY >> 10)?;
    }
    Ok(())
}

/// Three kinds of fields in turn, on three forms.
fn dictionary() -> Result<Dictionary, Vec<notochord_proto::problem::Problem>> {
    let mut text = format!("{HEADINGS}\nrecord_id,form_0,,text,Record ID,,,,,,,,,,,,,\n");
    for field in 0..FIELDS {
        let form = field * 3 / FIELDS;
        let (kind, choices, validation, bounds) = match field % 3 {
            0 => ("text", "", "integer", "0,999"),
            1 => ("text", "", "number", "0,1000"),
            _ => ("radio", "\"1, One | 2, Two | 3, Three\"", "", ","),
        };
        text.push_str(&format!(
            "f{field},form_{form},,{kind},Field {field},{choices},,{validation},{bounds},,,,,,,,\n"
        ));
    }
    Dictionary::parse("dictionary.csv", text.as_bytes())
}

/// Rows whose patients come round again and again, so that sorting has work to do.
fn write(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "record_id")?;
    for field in 0..FIELDS {
        write!(file, ",f{field}")?;
    }
    let (patients, mut random) = ((rows / VISITS).max(1), 1_u64);
    for row in 0..rows {
        write!(file, "\nP{}", row % patients)?;
        for field in 0..FIELDS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = (random >> 33) % 1000;
            match field % 3 {
                _ if value < 50 => write!(file, ",")?,
                0 => write!(file, ",{value}")?,
                1 => write!(file, ",{value}.5")?,
                _ => write!(file, ",{}", value % 3 + 1)?,
            }
        }
    }
    writeln!(file)?;
    file.flush()
}

/// Where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
