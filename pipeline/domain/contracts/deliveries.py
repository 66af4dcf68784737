"""Tables that come in. A promise to those who deliver them: columns may be added, never renamed or dropped."""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts.column import DAY, FLAG, TEXT, TIMESTAMP, Column, Table, by_name
from pipeline.domain.contracts.values import (
    AID_STATUSES,
    CITIZENSHIPS,
    FULL_NAME,
    ID,
    LANGUAGE,
    NIK,
    PROVINCE,
    REVIEW_DECISIONS,
    SCHOOL_REGISTERS,
    SCHOOL_STATUSES,
    SELFIE,
    SEX,
    SUBMITTED,
)

REGISTRATIONS = Table(
    "registrations",
    "One row per application.",
    (
        ID,
        SUBMITTED,
        NIK,
        Column("kk", TEXT, "The number of the family card, sixteen digits."),
        FULL_NAME,
        Column("birth_date", DAY, "Day of birth."),
        SEX,
        Column("phone", TEXT, "Phone number."),
        Column("phone_verified", FLAG, "Whether the phone number was confirmed."),
        Column("email", TEXT, "E-mail address."),
        Column("email_verified", FLAG, "Whether the e-mail address was confirmed."),
        PROVINCE,
        SELFIE,
        LANGUAGE.optional(),
    ),
)

REUPLOADS = Table(
    "reuploads",
    "One row per new photograph for an application of an earlier wave.",
    (
        ID,
        Column("from_wave", pa.int32(), "The wave where the application was made or last refused.", required=False),
        SUBMITTED.optional(),
        SELFIE.optional(),
    ),
    optional=True,
)

REVIEWS = Table(
    "reviews",
    "One row per decision of a reviewer; the last of a reviewer about an application counts.",
    (
        ID,
        Column("decision", TEXT, "What the reviewer decided.", REVIEW_DECISIONS, required=False),
        Column("reviewer", TEXT, "The reviewer's name; without one a row does not count.", required=False),
        Column(
            "decided_at",
            TIMESTAMP,
            "When it was decided; a time without an offset is WIB. One that cannot be read may be the last.",
            required=False,
        ),
        Column("note", TEXT, "Why; for the file, never for the applicant.", required=False),
    ),
    optional=True,
)

POPULATION = Table(
    "population",
    "One row per person of the population register.",
    (
        NIK,
        Column("kk", TEXT, "The number of the family card, sixteen digits.", filled=True),
        Column("full_name", TEXT, "The person's name as the register has it.", filled=True),
        Column("birth_date", DAY, "Day of birth; age counts on it.", filled=True),
        SEX,
        Column("citizenship", TEXT, "WNI: Indonesian; WNA: foreign.", CITIZENSHIPS, filled=True),
        Column("alive", FLAG, "Whether the person lives.", filled=True),
        Column("occupation", TEXT, "Occupation in the register's own capitals, or null."),
        Column("province_code", TEXT, "The province of the person's address, two digits."),
        Column(
            "regency_code",
            TEXT,
            "The regency or city of the person's address, four digits; needed where a calendar keeps places for one.",
            required=False,
        ),
        Column("photo", TEXT, "Path of the person's photograph below `photos/`, or null."),
    ),
)

EDUCATION = Table(
    "education",
    "One row per enrolment of a person at a school or university.",
    (
        NIK,
        Column("register", TEXT, "Which education register.", SCHOOL_REGISTERS),
        Column("level", TEXT, "School level, such as SMA or S1."),
        Column("status", TEXT, "Whether the person still studies.", SCHOOL_STATUSES, filled=True),
    ),
)

BANSOS = Table(
    "bansos",
    "One row per social assistance of a person.",
    (
        NIK,
        Column("programme", TEXT, "The programme, such as PKH, BPNT, BST or BSU.", filled=True),
        Column("status", TEXT, "Whether the person still receives it.", AID_STATUSES, filled=True),
    ),
)

PRIORITY = Table(
    "priority",
    "One row per person whom a ministry lists; without the extract nobody is listed.",
    (NIK, Column("listed_by", TEXT, "The ministry that lists the person.")),
    optional=True,
)

BLACKLIST = Table(
    "blacklist",
    "One row per person who is barred from the programme.",
    (
        NIK,
        Column("reason", TEXT, "Why the person is barred."),
        Column("since", DAY, "From which day on; null: it holds for every wave."),
    ),
    optional=True,
)

#: The registers' deliveries by name. NIK and KK may be text(16) or 64-bit integers.
EXTRACTS = by_name([POPULATION, EDUCATION, BANSOS, PRIORITY, BLACKLIST])
IN = by_name([REGISTRATIONS, REUPLOADS, REVIEWS, *EXTRACTS.values()])
