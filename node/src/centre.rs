//! What a centre knows and judges by: its network, its policy, its data. It has no ledger and no way out, so a
//! command may use it beside a node that serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use notochord_disclosure::Rules;
use notochord_engine::frame::frames;
use notochord_proto::capability::{Lack, Offer};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{AnalysisId, SiteId};
use notochord_proto::problem::Problem;
use notochord_proto::root::Root;
use notochord_proto::scope::Scope;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::study::Study;
use notochord_proto::trust::Trust;
use notochord_stats::contribution::Contribution;
use notochord_stats::frame::Frame;
use notochord_stats::plan::{Plan, PlannedAnalysis};
use notochord_stats::{self as stats, registry};
use time::OffsetDateTime;

use crate::gate::{Passage, let_out};
use crate::home::Home;
use crate::policy::Policy;
use crate::refusal::Refusal;

/// What time it is; passed in so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// A centre.
pub struct Centre {
    home: Home,
    site: SiteId,
    label: String,
    root: Root,
    trust: Trust,
    dictionary: Dictionary,
    clock: Clock,
    offer: Offer,
}

/// A study's analyses, resolved for a roster.
pub struct Question {
    /// The variables, `site` with the roster's labels among them.
    pub scope: Scope,
    /// The analyses.
    pub plan: Plan,
}

impl Centre {
    /// The centre of a node's directory.
    pub fn open(home: Home, clock: Clock) -> Result<Self, Refusal> {
        let membership = home.membership()?;
        Ok(Self {
            site: membership.id().clone(),
            label: membership.label.clone(),
            root: membership.root,
            trust: membership.trust,
            dictionary: home.dictionary()?,
            home,
            clock,
            offer: registry::offer(env!("CARGO_PKG_VERSION")),
        })
    }

    /// The same centre, by what its directory says now.
    pub fn reopened(&self) -> Result<Self, Refusal> {
        Ok(Self::open(self.home.clone(), self.clock.clone())?.offering(self.offer.clone()))
    }

    /// The same centre, whose node can do this and nothing else.
    pub fn offering(self, offer: Offer) -> Self {
        Self { offer, ..self }
    }

    /// What its node can do.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// What its node lacks for a study, in the versions that the coordinator named when it was last heard.
    pub fn lacks(&self, study: &Study) -> Vec<Lack> {
        let asker = self.home.coordinator_offer().unwrap_or_else(|| self.offer.clone());
        registry::lacks(study, &asker, &self.offer)
    }

    /// Refuses a study for which its node lacks something.
    pub fn require(&self, study: &Study) -> Result<(), Refusal> {
        match self.lacks(study).into_iter().next() {
            Some(lack) => Err(Refusal::Lacking(lack)),
            None => Ok(()),
        }
    }

    /// Its directory.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Its id.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// Its name, which is its level of `site`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The network's root document.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The root document with the newest status list.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The network's data dictionary.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// What time it is.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// A study that has arrived here, every signature verified again.
    pub fn study(&self, digest: Digest) -> Result<SealedStudy, Refusal> {
        let bytes = self.home.read(&study_file(digest))?.ok_or(Refusal::UnknownStudy(digest))?;
        let study = SealedStudy::open(Envelope::from_json(&bytes)?, &self.root, self.now())?;
        // A file under another study's name is not that study.
        match study.digest == digest {
            true => Ok(study),
            false => Err(Refusal::UnknownStudy(digest)),
        }
    }

    /// The disclosure rules under which a study runs here.
    /// policy.toml is read each time, so that what is shown and what is done never differ.
    pub fn rules(&self, study: &SealedStudy) -> Result<Rules, Refusal> {
        Ok(Policy::load(&self.home)?.rules(&study.study, &self.root)?)
    }

    /// A study's analyses for sites of these names.
    pub fn question(&self, study: &SealedStudy, labels: &[String]) -> Result<Question, Refusal> {
        self.require(&study.study)?;
        let first = |problems: Vec<Problem>| {
            Refusal::Plan(problems.first().map(ToString::to_string).unwrap_or_default())
        };
        let scope = Scope::for_study(&self.dictionary, labels, &study.study).map_err(first)?;
        let plan = Plan::new(&study.study, &scope).map_err(first)?;
        self.permit(study, &plan)?;
        Ok(Question { scope, plan })
    }

    /// A number that the study itself defines could be 1 for one patient and 0 for all others; an exact sum with it
    /// would be that patient's record. Where rules act, sums are over the dictionary's own variables.
    fn permit(&self, study: &SealedStudy, plan: &Plan) -> Result<(), Refusal> {
        match plan.defined_sum(&study.study) {
            Some((analysis, term)) if self.rules(study)?.act() => Err(Refusal::DefinedSum { analysis, term }),
            _ => Ok(()),
        }
    }

    /// The rows of every analysis, from a snapshot that is verified as it is read.
    pub fn frames(
        &self,
        study: &SealedStudy,
        question: &Question,
        snapshot: Digest,
    ) -> Result<BTreeMap<AnalysisId, Frame>, Refusal> {
        let snapshot = self.home.snapshots()?.open(&snapshot)?;
        let (table, study) = (snapshot.table(), &study.study);
        Ok(frames(table, &self.dictionary, study, &question.plan, &question.scope, &self.label)?)
    }
}

/// Where a study is kept.
pub(crate) fn study_file(digest: Digest) -> String {
    format!("studies/{}.json", digest.hex())
}

/// Computes the answer to one question and takes it to the gate.
pub(crate) fn pass(
    analysis: &PlannedAnalysis,
    question: &stats::Question,
    frames: &BTreeMap<AnalysisId, Frame>,
    rules: &Rules,
) -> Result<Passage, Refusal> {
    let id = || analysis.id.clone();
    let frame = frames.get(&analysis.id).ok_or_else(|| Refusal::UnknownStep(id()))?;
    let layout = analysis.layout(question).map_err(|source| Refusal::Layout { analysis: id(), source })?;
    let contribution = analysis.statistic.contribute(frame, question);
    let contribution = contribution.map_err(|source| Refusal::Contribute { analysis: id(), source })?;
    // What the layout does not allow, nobody would believe.
    let contribution = Contribution::checked(contribution.values().to_vec(), &layout)
        .map_err(|source| Refusal::Contribution { analysis: id(), source })?;
    // Thresholds are of patients, also where one patient has several rows.
    let rules = rules.for_rows_per_patient(frame.most_rows_of_a_patient());
    Ok(let_out(&layout, contribution, &rules)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_disclosure::Threshold;
    use notochord_proto::name::VariableName;
    use notochord_proto::study::Study;
    use notochord_stats::frame::Column;

    use super::*;

    const DICTIONARY: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
\"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,Text Validation Min,\
Text Validation Max,Identifier?,Branching Logic (Show field only if...),Required Field?,Custom Alignment,\
Question Number (surveys only),Matrix Group Name,Matrix Ranking?,Field Annotation
record_id,pain,,text,Record,,,,,,,,,,,,,
nrs,pain,,text,Pain,,,integer,0,10,,,,,,,,
";

    const STUDY: &str = r#"
        id = "visits"
        version = 1
        title = "Visits"
        question = "How strong is the pain?"
        network = "sample"
        expires = 2027-06-30
        [[investigators]]
        name = "A. Investigator"
        institution = "Example Hospital"
        role = "principal"
        [ethics]
        reference = "EC-1"
        [data_use]
        terms = ["DUO:0000006"]
        [sites]
        minimum = 3
        [disclosure]
        release = "site"
        [cohort]
        rows = "visit"
        where = "TRUE"
        [[analyses]]
        id = "pain"
        kind = "describe"
        variables = ["nrs"]
    "#;

    /// Whether anything leaves of patients who all have so many visits.
    fn leaves(patients: u32, visits: u32, k: u32) -> bool {
        let dictionary = Dictionary::parse("dictionary.csv", DICTIONARY.as_bytes()).unwrap();
        let study = Study::parse("study.toml", STUDY.as_bytes()).unwrap();
        let scope = Scope::for_study(&dictionary, &[], &study).unwrap();
        let plan = Plan::new(&study, &scope).ok().unwrap();
        let rows = patients * visits;
        let pain = Column::Integer((0..rows).map(|_| Some(5)).collect());
        let columns = BTreeMap::from([(VariableName::new("nrs").unwrap(), pain)]);
        let frame = Frame::new(rows as usize, columns).unwrap();
        let frame = frame.of_patients((0..rows).map(|row| row / visits).collect()).unwrap();
        let frames = BTreeMap::from([(plan.analyses[0].id.clone(), frame)]);
        let rules = Rules::throw_away(Threshold::new(k).unwrap());
        pass(&plan.analyses[0], &stats::Question::first(), &frames, &rules).ok().unwrap().releasable.is_some()
    }

    #[test]
    fn the_minimum_counts_patients_however_many_visits_they_have() {
        assert!(!leaves(3, 5, 10));
        assert!(!leaves(9, 20, 10));
        assert!(leaves(10, 5, 10));
        assert!(leaves(15, 1, 10));
        assert!(!leaves(9, 1, 10));
        assert!(leaves(3, 5, 1));
    }
}
