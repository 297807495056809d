"""What the codes are called, in Swedish and English: the words of whoever builds a screen on intake."""

from typing import Final

from services.intake.api.acts import ACTS
from shared.code_lists import INSATS_KINDS, CodeSets, named

STEPS: Final = named(
    register_contact=("Registrera kontakt", "Register a contact"),
    receive_application=("Ta emot ansökan", "Receive an application"),
    request_completion=("Begär komplettering", "Ask for completion"),
    complete_application=("Registrera komplettering", "Register the completion"),
    withdraw_application=("Registrera återtagande", "Register a withdrawal"),
    start_assessment=("Inled utredning", "Start an assessment"),
    complete_assessment=("Avsluta utredning", "Complete the assessment"),
    make_decision=("Besluta", "Decide"),
    code_hindrance=("Koda försörjningshinder", "Code the support hindrance"),
    check_pes=("Registrera inskrivningskontroll", "Register a check at Arbetsförmedlingen"),
    observe_insats=("Registrera pågående insats", "Register an insats that is going on"),
    assign_case=("Tilldela ärendet", "Decide who answers for the case"),
    attend_intro_days=("Registrera introdagar", "Register introduction days"),
    hold_planning_meeting=("Registrera planeringssamtal", "Register a planning meeting"),
    agree_plan=("Upprätta handlingsplan", "Agree a plan"),
    hold_follow_up=("Registrera uppföljning", "Register a follow-up"),
    expire_plan=("Avsluta handlingsplanen", "End the plan"),
    issue_assignment=("Anvisa", "Assign to an insats"),
    answer_assignment=("Registrera svar på anvisning", "Register the answer to an assignment"),
    close_case=("Avsluta ärendet", "Close the case"),
    reopen_case=("Återöppna ärendet", "Reopen the case"),
    mark_duplicate=("Markera som dubblett", "Mark as a duplicate"),
    unmark_duplicate=("Häv dubblettmarkering", "Undo the duplicate mark"),
)

# Every set: its version, and what each code is called. New codes may come within a version.
CODES: Final[CodeSets] = {
    "step": (1, STEPS),
    "import_step": (1, {name: STEPS[act.step] for name, act in ACTS.items()}),
    "channel": (
        1,
        named(
            phone=("Telefon", "Telephone"),
            e_service=("E-tjänst", "E-service"),
            visit=("Besök", "Visit"),
            home_visit=("Hembesök", "Home visit"),
            letter=("Brev", "Letter"),
            referral_in=("Hänvisad hit", "Referred here"),
        ),
    ),
    "source_system": (
        1,
        named(
            intake=("Sluss", "Sluss"),
            e_service=("E-tjänst", "E-service"),
            case_system=("Verksamhetssystem", "Case system"),
            migration=("Överföring", "Migration"),
        ),
    ),
    "application_kind": (
        1,
        named(
            new=("Nyansökan", "New"),
            renewal=("Återansökan", "Renewal"),
            supplementary=("Tilläggsansökan", "Supplementary"),
        ),
    ),
    "stage": (
        1,
        named(
            applied=("Inkommen", "Applied"),
            awaiting_completion=("Väntar på komplettering", "Awaiting completion"),
            under_assessment=("Under utredning", "Under assessment"),
            assessed=("Utredd", "Assessed"),
            decided=("Beslutad", "Decided"),
            withdrawn=("Återtagen", "Withdrawn"),
        ),
    ),
    "assessment_kind": (
        1,
        named(
            application=("Ansökan", "The application"),
            mapping=("Kartläggning", "The whole situation"),
            work_ability=("Arbetsförmåga", "The ability to work"),
        ),
    ),
    "decision_outcome": (
        1,
        named(
            granted=("Bifall", "Granted"),
            partly=("Delvis bifall", "Partly granted"),
            rejected=("Avslag", "Rejected"),
            dismissed=("Avvisning", "Dismissed"),
        ),
    ),
    "deciding_role": (
        1,
        named(
            social_worker=("Socialsekreterare", "Social worker"),
            benefit_officer=("Bidragshandläggare", "Benefit officer"),
            team_leader=("Gruppledare", "Team leader"),
            head_of_unit=("Enhetschef", "Head of unit"),
            committee=("Nämnd", "Committee"),
            system=("System", "System"),
        ),
    ),
    "support_hindrance": (
        1,
        named(
            unemployed=("Arbetslös", "Unemployed"),
            sick_without_sgi=("Sjuk utan sjukpenninggrundande inkomst", "Sick without sickness benefit"),
            sick_with_sgi=("Sjuk med sjukpenninggrundande inkomst", "Sick with sickness benefit"),
            social=("Sociala skäl", "Social reasons"),
            parental=("Föräldraledig", "Parental leave"),
            language=("Språkhinder", "Language"),
            other=("Annat", "Other"),
        ),
    ),
    "pes_result": (
        1,
        named(
            registered=("Inskriven", "Registered"),
            not_registered=("Inte inskriven", "Not registered"),
            unknown=("Okänt", "Unknown"),
        ),
    ),
    "insats_kind": (1, INSATS_KINDS),
    "provider_role": (
        1,
        named(
            labour_market_unit=("Arbetsmarknadsenhet", "Labour market unit"),
            employment_service=("Arbetsförmedlingen", "Employment service"),
            social_insurance=("Försäkringskassan", "Social insurance"),
            region=("Regionen", "The region"),
            adult_education=("Vuxenutbildningen", "Adult education"),
            private_provider=("Privat utförare", "Private provider"),
            civil_society=("Civilsamhället", "Civil society"),
        ),
    ),
    "staff_role": (
        1,
        named(
            social_worker=("Socialsekreterare", "Social worker"),
            benefit_officer=("Bidragshandläggare", "Benefit officer"),
            labour_market_secretary=("Arbetsmarknadssekreterare", "Labour market secretary"),
            youth_coach=("Ungdomshandledare", "Youth coach"),
            rehab_coordinator=("Rehabiliteringskoordinator", "Rehabilitation coordinator"),
            team_leader=("Gruppledare", "Team leader"),
        ),
    ),
    "assignment_mode": (1, named(direct=("Direktanvisning", "Direct"), planned=("Planerad anvisning", "Planned"))),
    "assignment_basis": (
        1,
        named(
            sol_12_1=("Står till arbetsmarknadens förfogande (SoL 12 kap. 1 §)", "At the labour market's disposal"),
            sol_12_4=("Praktik eller kompetenshöjande (SoL 12 kap. 4 §)", "Practice or training"),
            voluntary=("Frivilligt", "Voluntary"),
        ),
    ),
    "assignment_answer": (
        1,
        named(accepted=("Accepterad", "Accepted"), declined=("Avböjd", "Declined"), no_answer=("Inget svar", "No answer")),
    ),
    "not_assigned_because": (
        1,
        named(
            illness=("Sjukdom", "Illness"),
            parental_leave=("Föräldraledighet", "Parental leave"),
            already_in_insats=("Redan i insats", "Already in an insats"),
            studies=("Studier", "Studies"),
            language=("Språk", "Language"),
            other=("Annat", "Other"),
        ),
    ),
    "close_reason": (
        1,
        named(
            self_supporting_work=("Egen försörjning genom arbete", "Self-supporting through work"),
            studies=("Studier", "Studies"),
            other_benefit=("Annan ersättning", "Another benefit"),
            other_support=("Försörjd av annan", "Supported by somebody else"),
            moved=("Flyttat", "Moved"),
            deceased=("Avliden", "Deceased"),
            rejected=("Avslag", "Rejected"),
            withdrawn=("Återtagen ansökan", "Withdrawn"),
            no_contact=("Ingen kontakt", "No contact"),
            protected_transfer=("Överflyttat med skydd", "Transferred under protection"),
            lapsed_no_application=("Ingen ansökan på 30 dagar", "No application within 30 days"),
            lapsed_no_support=("En månad utan bistånd", "A month without support"),
            entered_in_error=("Felregistrerat", "Entered in error"),
        ),
    ),
    "reopen_reason": (
        1,
        named(closed_in_error=("Felaktigt avslutat", "Closed in error"), appeal=("Ändrat efter överklagande", "Changed after an appeal")),
    ),
    "household_role": (1, named(applicant=("Sökande", "Applicant"), co_applicant=("Medsökande", "Co-applicant"))),
    "identity_kind": (
        1,
        named(
            personnummer=("Personnummer", "Personal identity number"),
            samordningsnummer=("Samordningsnummer", "Coordination number"),
            local_reserve=("Lokalt reservnummer", "Local reserve number"),
            anonymous=("Utan nummer", "Without a number"),
        ),
    ),
    "protection_level": (
        1,
        named(
            none=("Inget skydd", "None"),
            secrecy_marking=("Sekretessmarkering", "Secrecy marking"),
            protected_registration=("Skyddad folkbokföring", "Protected registration"),
        ),
    ),
    "purpose": (
        1,
        named(
            handling=("Handläggning", "Handling"),
            follow_up=("Uppföljning", "Follow-up"),
            planning=("Planering", "Planning"),
            supervision=("Tillsyn", "Supervision"),
        ),
    ),
    "import_outcome": (
        1,
        named(
            done=("Utfört", "Done"),
            again=("Redan utfört", "Done before"),
            refused=("Nekat", "Refused"),
            held_back=("Väntar på ett nekat", "Held back behind what was refused"),
        ),
    ),
    "worklist_reason": (
        1,
        named(
            application_awaited=("Ansökan väntas", "An application is awaited"),
            completion_awaited=("Komplettering väntas", "A completion is awaited"),
            assessment_to_start=("Utredning ska inledas", "An assessment is to start"),
            decision_to_make=("Beslut ska fattas", "A decision is to be made"),
            pes_check=("Inskrivning hos Arbetsförmedlingen ska kontrolleras", "Registration at Arbetsförmedlingen is to be checked"),
            plan_missing=("Handlingsplan saknas medan bistånd betalas", "No valid plan while support is paid"),
            follow_up=("Uppföljning ska hållas", "A follow-up is due"),
            assignment_unanswered=("Anvisning obesvarad", "An assignment is unanswered"),
        ),
    ),
    "experience": (1, named(new=("Ny i tjänsten", "New in the work"), experienced=("Erfaren", "Experienced"))),
    "case_type": (
        1,
        named(
            income_support=("Försörjningsstöd", "Income support"),
            fund_administration=("Förmedlingsmedel", "Administration of somebody's money"),
            estate_notification=("Dödsboanmälan", "Notification of an estate"),
            rent_guarantee=("Hyresgaranti", "Rent guarantee"),
        ),
    ),
    "became": (
        1,
        named(
            awaiting_application=("Väntar på ansökan", "Awaiting an application"),
            awaiting_decision=("Väntar på beslut", "Awaiting a decision"),
            granted=("Bifall", "Granted"),
            partly=("Delvis bifall", "Partly granted"),
            rejected=("Avslag", "Rejected"),
            dismissed=("Avvisning", "Dismissed"),
            withdrawn=("Återtagen", "Withdrawn"),
            never_applied=("Ansökte aldrig", "Never applied"),
            closed_otherwise=("Avslutat på annat sätt", "Closed otherwise"),
        ),
    ),
}
