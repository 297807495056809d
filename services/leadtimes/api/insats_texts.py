"""What the pages say of the waits for an insats, of where people are and of who holds the ball, Swedish and English."""

from collections.abc import Mapping

# Every text: (Swedish, English).
INSATS_TEXTS: Mapping[str, tuple[str, str]] = {
    "L20.name": ("Från första kontakt till insats", "From first contact to an insats"),
    "L20.means": (
        "Dagar från första kontakt tills den första insats som räknas börjar: minst tio timmar i veckan, av slag som leder till arbete.",
        "Days from first contact until the first insats that counts begins: ten hours a week or more, of kinds that lead to work.",
    ),
    "L20.done": ("har börjat en insats", "have started an insats"),
    "L20.reached": ("Andel som har börjat en insats", "Share that have started an insats"),
    "L20.since": ("första kontakt", "first contact"),
    "L20any.name": ("Från första kontakt till någon insats alls", "From first contact to any insats at all"),
    "L20any.means": (
        "Dagar från första kontakt tills någon insats börjar, hur liten den än är. Då döljer en kort kurs inte L20.",
        "Days from first contact until any insats begins, however small. So a short course does not hide L20.",
    ),
    "L20any.done": ("har börjat någon insats", "have started any insats"),
    "L20any.reached": ("Andel som har börjat någon insats", "Share that have started any insats"),
    "L20any.since": ("första kontakt", "first contact"),
    "L20P.name": ("Från personens första kontakt till insats", "From the person's first contact to an insats"),
    "L20P.means": (
        "Som L20, men en persons ärenden räknas som ett när det nya börjar inom 92 dagar: att avsluta ett ärende kortar ingen väntan.",
        "As L20, but the cases of a person count as one when the next begins within 92 days: to close a case shortens no wait.",
    ),
    "L20P.done": ("har börjat en insats", "have started an insats"),
    "L20P.reached": ("Andel som har börjat en insats", "Share that have started an insats"),
    "L20P.since": ("första kontakt", "first contact"),
    "L21.name": ("Från ansökan till insats", "From application to an insats"),
    "L21.means": (
        "Dagar från ärendets första ansökan tills den första insats som räknas börjar.",
        "Days from the first application of the case until the first insats that counts begins.",
    ),
    "L21.done": ("har börjat en insats", "have started an insats"),
    "L21.reached": ("Andel som har börjat en insats", "Share that have started an insats"),
    "L21.since": ("ansökan", "the application"),
    "L10.name": ("Från anvisning till inbokad start", "From assignment to a booked start"),
    "L10.means": (
        "Dagar från en anvisning tills ärendets första inbokning därefter. En inskrivning dessförinnan räknas som ett annat slut.",
        "Days from an assignment until the first booking of the case after it. An enrolment before that is another end.",
    ),
    "L10.done": ("har bokats in", "have been booked"),
    "L10.reached": ("Andel som har bokats in", "Share that have been booked"),
    "L10.since": ("anvisningen", "the assignment"),
    "L12.name": ("Från utkast till skickad remiss", "From draft to sent referral"),
    "L12.means": ("Dagar från att en remiss börjar skrivas tills den skickas.", "Days from when a referral is begun until it is sent."),
    "L12.done": ("har skickats", "have been sent"),
    "L12.reached": ("Andel som har skickats", "Share that have been sent"),
    "L12.since": ("utkastet", "the draft"),
    "L13.name": ("Från skickad till mottagen remiss", "From sent to received referral"),
    "L13.means": (
        "Dagar från att en remiss skickas tills mottagaren har den. Allt som mottagaren gör visar det, också en fråga.",
        "Days from when a referral is sent until the recipient has it. Whatever the recipient does shows that, a question too.",
    ),
    "L13.done": ("har tagits emot", "have been received"),
    "L13.reached": ("Andel som har tagits emot", "Share that have been received"),
    "L13.since": ("att den skickades", "it was sent"),
    "L14.name": ("Från skickad remiss till svar", "From sent referral to answer"),
    "L14.means": (
        "Dagar från att en remiss skickas till det slutliga svaret: ja, kö, nej, hänvisad vidare eller råd. En fråga är inget svar.",
        "Days from when a referral is sent to the final answer: yes, a queue, no, redirected or advice. A question is no answer.",
    ),
    "L14.done": ("har fått svar", "have been answered"),
    "L14.reached": ("Andel som har fått svar", "Share that have been answered"),
    "L14.since": ("att den skickades", "it was sent"),
    "L14q.name": ("Från skickad remiss till första frågan", "From sent referral to the first question"),
    "L14q.means": (
        "Dagar från att en remiss skickas tills mottagaren först ber om komplettering. Den som svarar utan att fråga slutar på annat sätt.",
        "Days from when a referral is sent until the recipient first asks for more. Whoever answers without asking ends otherwise.",
    ),
    "L14q.done": ("har fått en fråga", "have been asked about"),
    "L14q.reached": ("Andel som har fått en fråga", "Share that have been asked about"),
    "L14q.since": ("att den skickades", "it was sent"),
    "L15.name": ("Från skickad till accepterad remiss", "From sent to accepted referral"),
    "L15.means": (
        "Dagar från att en remiss skickas tills den accepteras; en inbokning eller en start är också det.",
        "Days from when a referral is sent until it is accepted, as a booking or a start says too.",
    ),
    "L15.done": ("har accepterats", "have been accepted"),
    "L15.reached": ("Andel som har accepterats", "Share that have been accepted"),
    "L15.since": ("att den skickades", "it was sent"),
    "L16.name": ("Från accepterad remiss till start", "From accepted referral to start"),
    "L16.means": (
        "Dagar från att en remiss accepteras tills det den gäller börjar.",
        "Days from when a referral is accepted until what it asks for begins.",
    ),
    "L16.done": ("har börjat", "have started"),
    "L16.reached": ("Andel som har börjat", "Share that have started"),
    "L16.since": ("att den accepterades", "it was accepted"),
    "L17.name": ("Från skickad remiss till start", "From sent referral to start"),
    "L17.means": (
        "Dagar från att en remiss skickas tills det den gäller börjar.",
        "Days from when a referral is sent until what it asks for begins.",
    ),
    "L17.done": ("har börjat", "have started"),
    "L17.reached": ("Andel som har börjat", "Share that have started"),
    "L17.since": ("att den skickades", "it was sent"),
    "L22.name": ("Från redo för nästa steg till nästa insats", "From ready for the next step to the next insats"),
    "L22.means": (
        "Dagar från att någon är redo att gå vidare från en insats tills en annan börjar.",
        "Days from when somebody is ready to move on from an insats until another one begins.",
    ),
    "L22.done": ("har gått vidare", "have moved on"),
    "L22.reached": ("Andel som har gått vidare", "Share that have moved on"),
    "L22.since": ("redo för nästa steg", "ready for the next step"),
    "L23.name": ("Mellan insatser", "Between insatser"),
    "L23.means": (
        "Dagar från att den sista pågående insatsen som räknas tar slut tills nästa börjar. Den som har en kvar väntar inte.",
        "Days from when the last open insats that counts ends until the next begins. Whoever has one left does not wait.",
    ),
    "L23.done": ("har börjat nästa insats", "have started the next insats"),
    "L23.reached": ("Andel som har börjat nästa insats", "Share that have started the next insats"),
    "L23.since": ("att den förra tog slut", "the last one ended"),
    "headline.title": (
        "Andel som har börjat en insats, efter försörjningshinder",
        "Share that have started an insats, by support hindrance",
    ),
    "headline.all": ("Alla kontakter", "All contacts"),
    "headline.note": (
        "Dagar sedan första kontakt, med 95 % konfidensintervall. Alla räknas med, även de som väntar och de som slutade på annat sätt "
        "(Aalen–Johansen). Hindret är det som var känt vid det första beslutet, före det det senast kända. "
        "Streck: så länge har ingen eller för få följts.",
        "Days since first contact, with 95% confidence intervals. Everybody counts, those who wait and those who ended otherwise too "
        "(Aalen–Johansen). The hindrance is the one known at the first decision, before it the last one known. "
        "A dash: nobody or too few were followed so long.",
    ),
    "headline.became": ("Vad det blev av kontakterna", "What became of the contacts"),
    "headline.started": ("började", "started"),
    "headline.waiting": ("väntar", "still wait"),
    "months.title": ("Redo för nästa steg, i månader", "Ready for the next step, in months"),
    "months.up_to_3_months": ("0–3 månader", "0–3 months"),
    "months.up_to_6_months": ("3–6 månader", "3–6 months"),
    "months.up_to_12_months": ("6–12 månader", "6–12 months"),
    "months.over_12_months": ("över 12 månader", "over 12 months"),
    "months.note": (
        "De som väntar nu. Tre månader är till och med 90 dagar, sex 180 och tolv 365.",
        "Those who wait now. Three months are up to and with 90 days, six 180 and twelve 365.",
    ),
    "by.recipient": ("mottagare av remissen", "recipient of the referral"),
    "where.title": ("Var människor är efter första kontakt", "Where people are after first contact"),
    "where.day": ("Dagar efter kontakt", "Days after contact"),
    "where.n": ("Alla", "Everybody"),
    "where.waiting": ("väntar på insats", "wait for an insats"),
    "where.in_insats": ("i insats", "in an insats"),
    "where.between": ("mellan insatser", "between insatser"),
    "where.closed": ("avslutade", "closed"),
    "where.already": ("därav redan i insats vid kontakt", "of them in an insats already at contact"),
    "where.unseen": ("Utelämnade: kända först senare", "Left out: known to us only later"),
    "where.void": ("Utelämnade: registrerade av misstag", "Left out: entered in error"),
    "where.note": (
        "Läget efter allt som hände den dagen, av alla för vilka dagen har passerat. Den som redan var i insats räknas som i insats.",
        "After all that happened on that day, of all whose day has passed. Whoever was in an insats already counts as in one.",
    ),
    "held.title": ("Vem som har bollen på vägen till insats", "Who holds the ball on the way to an insats"),
    "held.holder": ("Vem", "Who"),
    "held.days": ("Dagar", "Days"),
    "held.shared": ("Delade dagar", "Shared days"),
    "held.partner": ("mottagaren", "the recipient"),
    "held.note": (
        "Varje dag från första kontakt till insats, avslut eller lägets datum hör till en enda. "
        "Delade dagar räknas hos alla som har något öppet.",
        "Each day from first contact to insats, closing or the as-of date belongs to one. Shared days count for all with something open.",
    ),
    "held.cases": ("Ärenden", "Cases"),
    "held.left_out": ("Utelämnade", "Left out"),
    "held.negative": ("insatsen daterad före kontakten", "insats dated before the contact"),
    "held.void": ("registrerade av misstag", "entered in error"),
    "held.every": ("I alla ärenden utom dem som registrerats av misstag", "In all cases but those entered in error"),
    "held.bounces": ("remisser som studsat vidare", "referrals that bounced on"),
    "held.no_shows": ("uteblivna besök", "no-shows"),
    "held.hops": ("slussningar mellan enheter, återgångar medräknade", "routings between units, returns included"),
}

# What ends these waits otherwise, and what keeps one out.
INSATS_CODES: Mapping[str, tuple[str, str]] = {
    "already_in_insats": ("redan i insats vid första kontakt", "already in an insats at first contact"),
    "answered": ("besvarad utan fråga", "answered without a question"),
    "enrolment_started": ("inskriven dessförinnan", "enrolled before it"),
    "discarded": ("utkastet kasserat", "draft discarded"),
    "declined": ("avböjd", "declined"),
    "redirected": ("hänvisad vidare", "redirected"),
    "recalled": ("återkallad", "recalled"),
    "cancelled": ("inställd", "cancelled"),
    "expired": ("inget svar i tid", "expired without an answer"),
    "advice_given": ("råd gavs", "advice was given"),
    "completed": ("insatsen avslutades", "the insats was completed"),
    "discontinued": ("insatsen avbröts", "the insats was discontinued"),
}
REFERRAL = (("remiss", "remisser"), ("referral", "referrals"))
CASE = (("ärende", "ärenden"), ("case", "cases"))
# What each of them counts: (one, many) in each language.
INSATS_COUNTED: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    **dict.fromkeys(("L20", "L20any", "L21"), CASE),
    **dict.fromkeys(("L12", "L13", "L14", "L14q", "L15", "L16", "L17"), REFERRAL),
    "L20P": (("väntan", "väntetider"), ("wait", "waits")),
    "L10": (("anvisning", "anvisningar"), ("assignment", "assignments")),
    "L22": (("insats", "insatser"), ("insats", "insatser")),
    "L23": (("uppehåll", "uppehåll"), ("break", "breaks")),
}
# Who holds the ball; a recipient of a referral is shown by its code.
HOLDERS: Mapping[str, tuple[str, str]] = {
    "municipality": ("kommunen", "the municipality"),
    "client": ("den sökande", "the client"),
    "consent": ("väntar på samtycke", "waiting for consent"),
    "external_decision": ("beslut av någon annan", "somebody else's decision"),
    "gap": ("ingen", "nobody"),
    "partner:unknown": ("okänd mottagare", "unknown recipient"),
}
