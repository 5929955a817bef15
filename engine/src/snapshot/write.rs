//! Writes a snapshot, patient by patient, beside its place, and puts it there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, Int64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use notochord_proto::digest::Digest;
use time::OffsetDateTime;

use super::content::{ContentHash, PATIENT_CONTENT, PatientContent};
use super::key::SnapshotKey;
use super::layout::Layout;
use super::lock::DRAFT_PREFIX;
use super::manifest::{FORMAT, HistoryStep, MANIFEST, SnapshotManifest, Source, StoredFile};
use super::place::{destroy_directory, private_directory, private_file, sync_directory};
use super::stored_file::{form_file, patients_file};
use super::tables::{FormWriter, PATIENT, TableWriter, arrow, field};
use super::{Reservation, SnapshotError, Snapshots, Written, at};
use crate::patient::Patient;
use crate::record_key::PatientKey;

/// The column of what is said about a patient, digested.
pub(super) const CONTENT: &str = "_content";

/// How many patients are encoded at a time.
const BATCH_PATIENTS: usize = 4096;

/// Where a snapshot comes from.
pub(crate) struct Origin {
    pub(crate) sources: Vec<Source>,
    pub(crate) imported_at: OffsetDateTime,
    pub(crate) software: String,
    pub(crate) history: Vec<HistoryStep>,
}

/// A snapshot under way. Dropped, it leaves nothing.
pub(crate) struct SnapshotWriter<'a> {
    snapshots: &'a Snapshots,
    layout: &'a Layout,
    draft: Draft,
    content: ContentHash<'a>,
    patients: PatientsWriter,
    forms: Vec<FormWriter>,
    last: Option<PatientKey>,
}

impl<'a> SnapshotWriter<'a> {
    pub(crate) fn create(
        reservation: &'a Reservation<'_>,
        layout: &'a Layout,
    ) -> Result<Self, SnapshotError> {
        let snapshots = reservation.snapshots;
        let draft = Draft::create(&snapshots.directory)?;
        let (key, path) = (snapshots.key.as_ref(), &draft.path);
        let files = layout.forms.len() + 1;
        let patients = PatientsWriter::create(path, layout, key, files).map_err(at(path))?;
        let forms = layout.forms.iter().zip(layout.ranges()).enumerate();
        let forms = forms.map(|(position, (form, columns))| {
            let name = form_file(position, &form.form, key);
            let (variables, events) = (&form.variables, &layout.events);
            FormWriter::create(path, name, variables, columns.start, events, key, files).map_err(at(path))
        });
        let forms = forms.collect::<Result<_, _>>()?;
        Ok(Self { snapshots, layout, content: ContentHash::new(layout), patients, forms, last: None, draft })
    }

    /// Adds the next patient: the keys ascend. The start of the digest of what is said about them.
    pub(crate) fn push(&mut self, patient: &Patient) -> Result<PatientContent, SnapshotError> {
        let failed = |source| SnapshotError::System { path: self.draft.path.clone(), source };
        if self.last.is_some_and(|last| last >= patient.key) {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        }
        self.last = Some(patient.key);
        let content = self.content.patient(patient);
        self.patients.push(patient, content).map_err(failed)?;
        for entry in &patient.entries {
            if let Some(form) = self.forms.get_mut(usize::from(entry.place.form)) {
                form.push(patient.key, entry).map_err(failed)?;
            }
        }
        Ok(content)
    }

    /// Puts the snapshot in its place, unless the same content is there already.
    pub(crate) fn finish(self, origin: Origin) -> Result<Written, SnapshotError> {
        let Self { snapshots, layout, draft, content, patients, forms, .. } = self;
        let content = content.finish();
        let place = snapshots.place(&content);
        if place.exists() {
            drop(draft);
            return Ok(Written::AlreadyThere(snapshots.verified(&content)?));
        }
        let (patients_file, count) = patients.finish().map_err(at(&draft.path))?;
        let (mut form_files, mut entries) = (Vec::new(), Vec::new());
        for form in forms {
            let (file, count) = form.finish().map_err(at(&draft.path))?;
            form_files.push(file);
            entries.push(count);
        }
        let manifest = SnapshotManifest {
            format: FORMAT,
            content,
            layout: layout.clone(),
            patients: count,
            entries,
            sources: origin.sources,
            imported_at: origin.imported_at,
            software: origin.software,
            history: origin.history,
            sealed_with: snapshots.key.as_ref().map(SnapshotKey::id),
            patients_file,
            form_files,
        };
        draft.publish(&manifest, &snapshots.directory, &place)?;
        Ok(Written::New(manifest))
    }
}

/// A directory beside the snapshots. Dropped, it is gone.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn create(directory: &Path) -> Result<Self, SnapshotError> {
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(io::Error::other).map_err(at(directory))?;
        let path = directory.join(format!("{DRAFT_PREFIX}{}", hex::encode(name)));
        private_directory(&path).map_err(at(&path))?;
        Ok(Self { path })
    }

    /// Makes everything durable and renames it into its place.
    fn publish(
        self,
        manifest: &SnapshotManifest,
        directory: &Path,
        place: &Path,
    ) -> Result<(), SnapshotError> {
        let path = self.path.join(MANIFEST);
        let text = manifest.to_bytes().map_err(at(&path))?;
        let mut file = private_file(&path).map_err(at(&path))?;
        io::Write::write_all(&mut file, &text).and_then(|()| file.sync_all()).map_err(at(&path))?;
        let forms = self.path.join("forms");
        if forms.is_dir() {
            sync_directory(&forms).map_err(at(&forms))?;
        }
        sync_directory(&self.path).map_err(at(&self.path))?;
        fs::rename(&self.path, place).map_err(at(place))?;
        sync_directory(directory).map_err(at(directory))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Published, it is no longer there; otherwise the next one who writes tries again.
        let _ = destroy_directory(&self.path);
    }
}

/// `patients.parquet` under way: a patient's key, what is known of them as a whole, and the start of the digest
/// of all that is said about them.
struct PatientsWriter {
    table: TableWriter,
    schema: SchemaRef,
    keys: FixedSizeBinaryBuilder,
    contents: FixedSizeBinaryBuilder,
    day_zero_year: Option<Int64Builder>,
    count: u64,
}

impl PatientsWriter {
    fn create(place: &Path, layout: &Layout, key: Option<&SnapshotKey>, files: usize) -> io::Result<Self> {
        let bytes = |size: usize| DataType::FixedSizeBinary(size as i32);
        let mut fields = vec![
            Field::new(PATIENT, bytes(PatientKey::BYTES), false),
            Field::new(CONTENT, bytes(PATIENT_CONTENT), false),
        ];
        fields.extend(layout.about.iter().map(field));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        Ok(Self {
            table: TableWriter::create(place, patients_file(key), schema.clone(), key, files)?,
            schema,
            keys: FixedSizeBinaryBuilder::new(PatientKey::BYTES as i32),
            contents: FixedSizeBinaryBuilder::new(PATIENT_CONTENT as i32),
            day_zero_year: (!layout.about.is_empty()).then(Int64Builder::new),
            count: 0,
        })
    }

    fn push(&mut self, patient: &Patient, content: PatientContent) -> io::Result<()> {
        self.keys.append_value(patient.key.0).map_err(arrow)?;
        self.contents.append_value(content).map_err(arrow)?;
        if let Some(years) = &mut self.day_zero_year {
            years.append_option(patient.day_zero_year);
        }
        self.count += 1;
        if self.count.is_multiple_of(BATCH_PATIENTS as u64) { self.write_batch() } else { Ok(()) }
    }

    fn finish(mut self) -> io::Result<(StoredFile, u64)> {
        self.write_batch()?;
        Ok((self.table.finish()?, self.count))
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.keys.finish()), Arc::new(self.contents.finish())];
        let years = self.day_zero_year.as_mut().map(Int64Builder::finish);
        arrays.extend(years.map(|years| Arc::new(years) as ArrayRef));
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(arrow)?;
        self.table.write(&batch)
    }
}

/// The digest of a snapshot's content, computed from its patients.
pub(super) fn content_of(layout: &Layout, patients: impl Iterator<Item = Patient>) -> Digest {
    let mut content = ContentHash::new(layout);
    patients.for_each(|patient| {
        content.patient(&patient);
    });
    content.finish()
}
