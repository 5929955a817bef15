//! One page to read on a screen or on paper: no script, nothing fetched, everything quoted escaped.

mod completeness;
mod findings;
mod markup;
mod origin;

use markup::{day, text};

use super::numbers::{counted, grouped, percent};
use super::{Change, ChangeCount, LastSnapshot, Quality};

const STYLE: &str = include_str!("page/style.css");

impl Quality {
    /// The report as one self-contained page.
    pub fn html(&self) -> String {
        let title = format!("Import of {}", day(self.at));
        let sections = [
            self.head(),
            self.figures(),
            findings::section(self),
            findings::contradictions(&self.contradictions),
            self.change(),
            completeness::section(self),
            completeness::visits(self),
            origin::section(self),
        ];
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}: {headline}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{sections}\
             <footer>\n<p>This page counts exactly and quotes cells of the export. It stays at the centre.</p>\n\
             </footer>\n</main>\n</body>\n</html>\n",
            headline = text(&self.headline()),
            sections = sections.concat(),
        )
    }

    fn head(&self) -> String {
        let kept = match &self.snapshot {
            Some(snapshot) => format!("kept as snapshot <code>{}</code>", snapshot.short()),
            None => "a trial: nothing was kept".to_owned(),
        };
        let (rows, quarantined) = match self.headline().split_once("; ") {
            Some((rows, quarantined)) => (text(rows), text(quarantined)),
            None => (text(&self.headline()), String::new()),
        };
        let tone = if self.rows_quarantined == 0 { "good" } else { "warn" };
        format!(
            "<header>\n<p class=\"kicker\">Import quality</p>\n\
             <h1>{rows}; <span class=\"{tone}\">{quarantined}</span></h1>\n\
             <p class=\"lead\">Read on <time datetime=\"{date}\">{date}</time> from {files}, against version \
             {version} of the data dictionary; {kept}.</p>\n</header>\n",
            date = day(self.at),
            files = counted(self.files.len() as u64, "file"),
            version = text(&self.dictionary_version),
        )
    }

    fn figures(&self) -> String {
        let (present, expected) = self.completeness.overall();
        let quarantined = percent(self.rows_quarantined, self.rows_read);
        let figures = [
            ("Patients", grouped(self.patients), String::new()),
            ("Visits", grouped(self.visits()), String::new()),
            ("Complete", percent(present, expected), format!("of {}", counted(expected, "value"))),
            ("Rows read", grouped(self.rows_read), String::new()),
            ("Quarantined", grouped(self.rows_quarantined), format!("{quarantined} of the rows")),
            ("Findings", grouped(self.findings.count), String::new()),
        ];
        let figures: String = figures
            .iter()
            .map(|(name, number, note)| {
                let note = if note.is_empty() { String::new() } else { format!("<small>{note}</small>") };
                format!("<div><dt>{name}</dt><dd>{number}{note}</dd></div>\n")
            })
            .collect();
        let notes: String =
            self.notes().iter().map(|note| format!("<p class=\"note\">{note}</p>\n")).collect();
        format!("<dl class=\"figures\">\n{figures}</dl>\n{notes}")
    }

    fn change(&self) -> String {
        let (last, parts, note) = match &self.change {
            Change::NoneBefore => {
                return "<section aria-labelledby=\"change\">\n<h2 id=\"change\">Change</h2>\n\
                        <p>There is no snapshot before this one to compare with.</p>\n</section>\n"
                    .to_owned();
            }
            Change::LastSnapshot { last, count } => {
                let ChangeCount { patients_new, patients_gone, patients_changed, patients_same } = *count;
                let parts = vec![
                    ("same", "unchanged", patients_same),
                    ("changed", "changed", patients_changed),
                    ("new", "new", patients_new),
                    ("gone", "gone", patients_gone),
                ];
                (last, parts, "")
            }
            Change::LastSnapshotOfAnotherDictionary {
                last,
                patients_new,
                patients_gone,
                patients_in_both,
            } => {
                let parts = vec![
                    ("same", "in both", *patients_in_both),
                    ("new", "new", *patients_new),
                    ("gone", "gone", *patients_gone),
                ];
                (last, parts, " It has another data dictionary, so changed values cannot be told.")
            }
        };
        let whole: u64 = parts.iter().map(|(_, _, patients)| patients).sum();
        let bars: String = parts
            .iter()
            .filter(|(_, _, patients)| *patients > 0)
            .map(|(class, _, patients)| format!("<i class=\"{class}\" style=\"flex-grow:{patients}\"></i>"))
            .collect();
        let bars = if whole == 0 {
            String::new()
        } else {
            format!("<div class=\"stack\" aria-hidden=\"true\">{bars}</div>\n")
        };
        let legend: String = parts
            .iter()
            .map(|(class, name, patients)| {
                format!("<li><i class=\"{class}\"></i><b>{}</b> {name}</li>\n", grouped(*patients))
            })
            .collect();
        let LastSnapshot { snapshot, imported_at, .. } = last;
        format!(
            "<section aria-labelledby=\"change\">\n<h2 id=\"change\">Change</h2>\n\
             <p>Patients, compared with the last snapshot, <code>{}</code> of {}.{note}</p>\n\
             {bars}<ul class=\"legend\">\n{legend}</ul>\n</section>\n",
            snapshot.short(),
            day(*imported_at),
        )
    }
}
