#!/usr/bin/env python3
"""Writes the made-up spine registry of this directory: a REDCap project with events, a repeating form, checkboxes,
missing-data codes and data access groups, exported raw and with labels, and what a pooled analysis of it says.
No patient is behind it. Python 3 and its standard library; the seed is fixed, so the files come out the same."""
import csv, datetime, json, random

random.seed(20261122)

FIELDS = [  # name, form, type, label, choices, validation, min, max, identifier, annotation
    ("record_id", "registration", "text", "Record ID", "", "", "", "", "", ""),
    ("surname", "registration", "text", "Surname", "", "", "", "", "y", ""),
    ("birth_date", "registration", "text", "Date of birth", "", "date_ymd", "", "", "y", ""),
    ("sex", "registration", "radio", "Sex", "1, Female | 2, Male", "", "", "", "", ""),
    ("age", "registration", "text", "Age at surgery", "", "integer", "18", "95", "", "@UNIT(years)"),
    ("remarks", "registration", "notes", "Remarks", "", "", "", "", "", ""),
    ("surg_date", "surgery", "text", "Date of surgery", "", "date_ymd", "", "", "", "@DAY0"),
    ("approach", "surgery", "dropdown", "Approach", "post, Posterior | ant, Anterior | both, Combined", "", "", "", "", ""),
    ("levels_n", "surgery", "text", "Instrumented levels", "", "integer", "0", "15", "", ""),
    ("visit_date", "pain", "text", "Date of visit", "", "date_ymd", "", "", "", "@VISIT @DAYS(-60,900)"),
    ("nrs_back", "pain", "text", "Back pain (NRS)", "", "integer", "0", "10", "", ""),
    ("pain_type", "pain", "checkbox", "Pain type", "1, Axial | 2, Radicular | 3, Neuropathic", "", "", "", "", ""),
    ("opioid", "pain", "yesno", "Opioids", "", "", "", "", "", ""),
    ("ecog", "pain", "radio", "ECOG", "0, Fully active | 1, Restricted | 2, Ambulatory | 3, Limited | 4, Disabled", "", "", "", "", ""),
    ("albumin", "pain", "text", "Albumin", "", "number", "1", "6", "", "@UNIT(g/dl)"),
    ("ae_term", "adverse_event", "dropdown", "Adverse event", "wound, Wound | dvt, Thrombosis | reop, Reoperation | other, Other", "", "", "", "", ""),
    ("ae_grade", "adverse_event", "text", "Grade", "", "integer", "1", "5", "", ""),
    ("ae_date", "adverse_event", "text", "Date of event", "", "date_ymd", "", "", "", "@DAYS(0,900)"),
]
HEADINGS = ["Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
            "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
            "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
            "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name",
            "Matrix Ranking?", "Field Annotation"]
FORMS = ["registration", "surgery", "pain", "adverse_event"]
EVENTS = [("baseline_arm_1", "Baseline (Arm 1: Surgery)", -60, 0, "registration surgery pain"),
          ("week6_arm_1", "Week 6 (Arm 1: Surgery)", 28, 63, "pain adverse_event"),
          ("month3_arm_1", "Month 3 (Arm 1: Surgery)", 64, 136, "pain adverse_event")]
CENTRES = ["utrecht", "bologna", "toronto"]

def dictionary(path, fields):
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADINGS)
        for name, form, kind, label, choices, validation, low, high, identifier, annotation in fields:
            out.writerow([name, form, "", kind, label, choices, "", validation, low, high, identifier,
                          "", "", "", "", "", "", annotation])

def choices(text):
    return {code.strip(): label.strip() for code, label in (one.split(",", 1) for one in text.split("|"))}

def patients():
    for number in range(1, 121):
        surgery = datetime.date(2021, 1, 4) + datetime.timedelta(days=random.randrange(900))
        one = {"id": f"{CENTRES[number % 3][:2].upper()}-{number:03}", "centre": CENTRES[number % 3], "rows": []}
        baseline = {"surname": f"Surname{number}", "birth_date": "1950-02-03", "sex": random.choice("12"),
                    "age": str(random.randint(30, 85)), "remarks": "seen in clinic\nfell once" if number % 7 == 0 else "",
                    "surg_date": str(surgery), "approach": random.choices(["post", "ant", "both"], [6, 2, 2])[0],
                    "levels_n": random.choice(["-99", "2", "3", "4", "5", "6"])}
        pain = random.randint(4, 10)
        for at, (event, *_, low, high, _forms) in enumerate(EVENTS):
            if at > 0 and random.random() < 0.15:
                continue                                   # a visit that was never entered has no row
            day = random.randint(max(low, -20), min(high, -1) if at == 0 else high)
            visit = {"visit_date": str(surgery + datetime.timedelta(days=day)),
                     "nrs_back": str(max(0, pain - 2 * at + random.randint(-1, 1))) if random.random() < 0.93 else "NA",
                     "opioid": random.choice(["0", "1", ""]), "ecog": random.choice("01234"),
                     "albumin": random.choice([f"{random.uniform(2, 5):.1f}", "-99"])}
            if visit["nrs_back"].isdigit():
                visit["nrs_back"] = str(min(10, int(visit["nrs_back"])))
            for code in "123":
                visit[f"pain_type___{code}"] = str(int(random.random() < 0.4))
            row = dict(visit, **(baseline if at == 0 else {}))
            one["rows"].append((event, "", "", row))
            for instance in range(1, random.choices([0, 1, 2, 3], [70, 15, 10, 5])[0] + 1 if at > 0 else 1):
                one["rows"].append((event, "adverse_event", str(instance), {
                    "ae_term": random.choice(["wound", "dvt", "reop", "other"]),
                    "ae_grade": str(random.randint(1, 4)),
                    "ae_date": str(surgery + datetime.timedelta(days=day - 1 if day > 1 else 1))}))
        yield one

def columns():
    names = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
             "redcap_data_access_group"]
    for form in FORMS:
        for name, of, kind, _, options, *_ in FIELDS:
            if of == form and name != "record_id":
                names += [f"{name}___{code}" for code in choices(options)] if kind == "checkbox" else [name]
        names.append(f"{form}_complete")
    return names

def export(path, everybody, label):
    fields = {field[0]: field for field in FIELDS}
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        names = columns()
        out.writerow(names)
        for one in everybody:
            for event, form, instance, values in one["rows"]:
                row = []
                for name in names:
                    cell = values.get(name, "")
                    field = fields.get(name.split("___")[0])
                    if name == "record_id": cell = one["id"]
                    elif name == "redcap_event_name":
                        cell = next(e[1] for e in EVENTS if e[0] == event) if label else event
                    elif name == "redcap_repeat_instrument":
                        cell = "Adverse Event" if label and form else form
                    elif name == "redcap_repeat_instance": cell = instance
                    elif name == "redcap_data_access_group": cell = one["centre"]
                    elif name.endswith("_complete"):
                        has = name[:-9] == form or (not form and name[:-9] in next(e[4] for e in EVENTS if e[0] == event).split()
                                                    and name != "adverse_event_complete")
                        cell = ("Complete" if label else "2") if has else ""
                    elif label and cell in ("-99", "NA"): cell = {"-99": "Unknown", "NA": "Not asked"}[cell]
                    elif label and cell != "" and field:
                        if field[2] == "checkbox": cell = "Checked" if cell == "1" else "Unchecked"
                        elif field[2] == "yesno": cell = "Yes" if cell == "1" else "No"
                        elif field[2] in ("radio", "dropdown"): cell = choices(field[4])[cell]
                    row.append(cell)
                out.writerow(row)

def known(value):
    return value not in ("", "-99", "NA", None)

def expected(everybody):
    at = lambda one, event, name: next((row.get(name) for e, form, _, row in one["rows"] if e == event and not form), None)
    mean = lambda numbers: sum(numbers) / len(numbers)
    events = [row for one in everybody for _, form, _, row in one["rows"] if form]
    per_patient = [[row for _, form, _, row in one["rows"] if form] for one in everybody]
    both = [(int(at(one, "baseline_arm_1", "nrs_back")), int(at(one, "month3_arm_1", "nrs_back"))) for one in everybody
            if known(at(one, "baseline_arm_1", "nrs_back")) and known(at(one, "month3_arm_1", "nrs_back"))]
    visits = {stem: [int(at(one, f"{stem}_arm_1", "nrs_back")) for one in everybody
                     if known(at(one, f"{stem}_arm_1", "nrs_back"))] for stem in ("baseline", "week6", "month3")}
    rows = {stem: sum(any(e == f"{stem}_arm_1" for e, *_ in one["rows"]) for one in everybody) for stem in visits}
    women = [int(row["nrs_back"]) for one in everybody if one["rows"][0][3]["sex"] == "1"
             for e, form, _, row in one["rows"] if not form and known(row["nrs_back"])]
    days = [(datetime.date.fromisoformat(row["visit_date"]) - datetime.date.fromisoformat(one["rows"][0][3]["surg_date"])).days
            for one in everybody for e, form, _, row in one["rows"] if not form and e == "month3_arm_1"]
    return {
        "patients": len(everybody), "visits": rows, "adverse_events": len(events),
        "with_reoperation": sum(any(row["ae_term"] == "reop" for row in rows_) for rows_ in per_patient),
        "with_severe": sum(any(int(row["ae_grade"]) >= 3 for row in rows_) for rows_ in per_patient),
        "events_per_patient": mean([len(rows_) for rows_ in per_patient]),
        "worst_grade": mean([max(int(row["ae_grade"]) for row in rows_) for rows_ in per_patient if rows_]),
        "nrs_by_event": {stem: {"n": len(values), "mean": mean(values)} for stem, values in visits.items()},
        "nrs_of_women_over_visits": {"n": len(women), "mean": mean(women)},
        "change_to_month3": {"n": len(both), "mean": mean([after - before for before, after in both])},
        "day_of_month3": {"n": len(days), "mean": mean(days)},
    }

dictionary("dictionary.csv", FIELDS)
with open("events.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["unique_event_name", "label", "day_from", "day_to", "forms"])
    for name, label, low, high, forms in EVENTS:
        out.writerow([name, label.split(" (")[0], low, high, forms])
everybody = list(patients())
export("raw.csv", everybody, False)
export("labels.csv", everybody, True)
with open("expected.json", "w") as file:
    json.dump(expected(everybody), file, indent=1)
    file.write("\n")
