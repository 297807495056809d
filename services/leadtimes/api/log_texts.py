"""What the pages of an imported log say, Swedish and English."""

from collections.abc import Mapping

# Every text: (Swedish, English).
LOG_TEXTS: Mapping[str, tuple[str, str]] = {
    "log.title": ("Väntetider i loggen {name}", "Waiting times in the log {name}"),
    "log.pages": ("Loggens sidor", "Pages of the log"),
    "log.from": ("Från", "From"),
    "log.to": ("Till", "To"),
    "log.last_event": ("(loggens sista händelse)", "(the last event of the log)"),
    "log.completed": ("Färdiga", "Completed"),
    "log.curve": ("Andel som fortfarande väntar", "Share still waiting"),
    "log.since": ("början", "the start"),
    "log.after": ("Efter", "After"),
    "log.ages": ("Så länge har de väntat som fortfarande väntar", "How long those still waiting have waited"),
    "log.age.all": ("Alla", "All"),
    "log.age.at_least": ("Minst {days}", "At least {days}"),
    "log.age.p90": ("En av tio har väntat minst", "One in ten has waited at least"),
    "log.nothing": ("Inget ärende hade nått ”{activity}”.", "No case had reached “{activity}”."),
    "log.choose": ("Välj två händelser", "Choose two activities"),
    "log.choose.note": (
        "Väntan räknas i varje ärende från den första händelsen av det ena slaget till nästa av det andra.",
        "In each case the wait runs from the first event of the one kind to the next of the other.",
    ),
    "log.choose.again": ("Mät mellan andra händelser i loggen", "Measure between other activities of the log"),
    "log.measure": ("Visa väntetiderna", "Show the waits"),
    "log.activities": ("Händelser i loggen", "Activities of the log"),
    "log.activity": ("Händelse", "Activity"),
    "log.progress": ("Importen pågår:", "The import is under way:"),
    "log.progress.events": ("händelser har kommit fram.", "events have arrived."),
    "log.progress.note": (
        "Väntetiderna visas när hela loggen är inne. Ladda om sidan för att se hur långt den har kommit.",
        "The waits are shown when the whole log is in. Reload the page to see how far it has come.",
    ),
    "log.reached": ("Andel som är färdiga", "Share completed"),
    "log.competing": ("Annat slut", "Another end"),
    "log.competing.none": ("inget", "none"),
    "log.competing.note": (
        "Den som först når ett annat slut väntar inte längre, och blir inte färdig.",
        "Who reaches another end first waits no longer, and is not completed.",
    ),
    "log.ends": ("Hur det slutade", "How it ended"),
    "log.end": ("Slut", "End"),
    "log.median.event": ("hälften av alla färdiga", "half of all completed"),
    "log.median.event.note": (
        "Så lång tid tog det innan hälften av alla var färdiga; den som slutade på annat sätt blir det aldrig.",
        "How long it took until half of all were completed; those who ended otherwise never are.",
    ),
    "log.months": ("Nya och väntande, månad för månad", "Begun and waiting, month by month"),
    "log.months.desc": (
        "Stapel för dem som började vänta, linje för dem som väntade vid månadens slut. Tabellen nedanför har samma siffror.",
        "A bar for those who began to wait, a line for those waiting at the end of the month. The table below has the same figures.",
    ),
    "log.months.table": ("Visa som tabell", "Show as a table"),
    "log.month": ("Månad", "Month"),
    "log.began": ("började vänta", "began to wait"),
    "log.open_at_end": ("väntade vid månadens slut", "waiting at the end of the month"),
    # what follows what in a log
    "flows.link": ("Vad som följer på vad i loggen", "What follows what in the log"),
    "flows.title": ("Vad som följer på vad i loggen {name}", "What follows what in the log {name}"),
    "flows.lead": (
        "Från varje händelse i ett ärende till nästa: hur ofta, och hur lång tid däremellan.",
        "From each event of a case to the next: how often, and how long in between.",
    ),
    "flows.cases": ("Ärenden", "Cases"),
    "flows.events": ("Händelser", "Events"),
    "flows.variants": ("Olika följder", "Different sequences"),
    "flows.drawn": ("De största flödena", "The largest flows"),
    "flows.desc": (
        "Händelser uppifrån och ner, en båge för varje flöde, med antal där det finns plats. Tabellen nedanför har alla siffror.",
        "Activities from top to bottom, an arc for each flow, with its number where there is room. The table below has every figure.",
    ),
    "flows.note": (
        "Ju bredare båge, desto oftare; streckad går den tillbaka. Bågarna är {share} av alla övergångar.",
        "The wider the arc, the more often; a dashed one goes back. The arcs are {share} of all transitions.",
    ),
    "flows.transitions": ("Övergångar", "Transitions"),
    "flows.name": ("Från → till", "From → to"),
    "flows.n": ("Antal", "Count"),
    "flows.median": ("Hälften inom", "Half within"),
    "flows.p90": ("Nio av tio inom", "Nine in ten within"),
    "flows.more": ("Och {n} till.", "And {n} more."),
}
