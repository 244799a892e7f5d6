"""Another task in another script, by configuration only: the requests of a city's citizens, in Russian."""

import csv
import json
import random
import re
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from pipeline.rules.files import WrittenRule, read_pack
from tests.support import ROOT
from tests.support.commands import fork, run
from tests.support.nights import NIGHT, retrain

PROJECT = ROOT / "config" / "examples" / "city-requests"
PACK = read_pack(PROJECT / "rules")
OVERLAY = ["--config", str(PROJECT / "overlay.yaml")]
LABELS = ["housing", "other", "roads", "transport"]

# Made up, every one. In each label some templates hold no word of a rule, and some a word of another label's.
TEMPLATES = {
    "roads": [
        "на {street} огромная яма, {when} пробил колесо",
        "на {street} одни выбоины, объезжаем по встречной полосе",
        "после зимы асфальт на {street} сошёл вместе со снегом",
        "когда начнётся ремонт дороги на {street}",
        "тротуар у дома {n} никто не чинит с прошлой осени",
        "на перекрёстке на {street} светофор не работает {days}",
        "стёрлась разметка, пешеходный переход у дома {n} не видно",
        "открытый люк на проезжей части на {street}, дом {n}",
        "не горит ни один фонарь на {street}, переходить дорогу страшно",
        "сплошной гололёд на тротуаре, у дома {n} упала женщина",
        "бордюр у дома {n} разбит, коляску не завезти",
        "проезжая часть на {street} разрушена, машины бьют подвеску",
        "на {street} провалилось полотно дороги, пробка на {n} минут",
        "яма прямо у остановки на {street}, машины объезжают по тротуару",
        "на {street} дорогу замело, снег с проезжей части не чистят {days}",
    ],
    "housing": [
        "батареи холодные {days}, в квартире {small} градусов",
        "нет отопления на {street}, дом {n}, мёрзнут дети",
        "отключили горячую воду без предупреждения, дом {n}, уже {days}",
        "протекает крыша, в квартире {n} мокрый потолок",
        "соседи сверху затопили квартиру {n}, сантехник не пришёл",
        "лифт стоит {days}, живём на этаже {small}",
        "в подъезде {small} грязно, полы не моют {days}",
        "управляющая компания не отвечает на заявки {days}",
        "мусор у дома {n} не вывозят {days}, запах на весь двор",
        "пришла квитанция на {n} тысяч рублей, требую перерасчёта",
        "подвал дома {n} залит, пахнет канализацией",
        "домофон в доме {n} сломан, дверь нараспашку",
        "в квартире {n} плесень на стене и мокрый потолок, сантехник разводит руками",
        "жильцы дома {n} мёрзнут, в квартире {small} градусов",
        "из-за ямы у подъезда дома {n} не подъехала аварийная, прорвало трубу",
    ],
    "transport": [
        "автобус {n} опоздал {when} на {small} минут",
        "трамвай {n} не ходит {days}, как добираться на работу",
        "маршрутка {n} проехала мимо остановки, люди остались стоять",
        "на остановке на {street} прождали {n} минут, никто не приехал",
        "водитель автобуса {n} грубил пассажирам {when}",
        "кондуктор в троллейбусе {small} не дала билет",
        "почему отменили маршрут {n}, пожилым не доехать до рынка",
        "выросла стоимость проезда, проездной уже не окупается",
        "расписание не соблюдают: последний рейс {when} отменили",
        "у метро не протолкнуться, пассажиры стоят в три ряда",
        "валидатор в автобусе {n} списал деньги дважды",
        "салон грязный, пассажиры стоят, последний рейс битком",
        "на конечной {when} пассажиров высадили, рейс {n} не доехал",
        "автобус {n} попал в яму, пассажиров пересадили {when}",
        "пассажиры жалуются: водитель {when} разговаривал по телефону",
    ],
    "other": [
        "спасибо за праздник на {street}, детям понравилось",
        "выражаем благодарность сотрудникам администрации за отзывчивость",
        "в поликлинике нет талонов к врачу {days}",
        "какие документы нужны, чтобы записать ребёнка в детский сад",
        "где получить справку о составе семьи",
        "сколько ждать замены паспорта, подал заявление {when}",
        "громкая музыка из кафе на {street} после полуночи",
        "бродячие собаки пугают детей на {street}",
        "в парке на {street} засохли деревья, посадите новые",
        "когда будет концерт ко дню города и ярмарка",
        "положена ли льгота ветерану труда, {n} лет стажа",
        "продам гараж, недорого, звонить после {small}",
        "какие документы подать, чтобы открыть приёмную семью",
        "подскажите часы работы администрации, {when} было закрыто",
        "собаки без хозяина бегают по двору дома {n}, пугают детей",
    ],
}
SLOTS = {
    "street": [
        "улице Садовой",
        "Лесной улице",
        "проспекте Мира",
        "улице Гагарина",
        "Речной набережной",
        "площади",
    ],
    "when": [
        "вчера",
        "сегодня утром",
        "в понедельник",
        "на прошлой неделе",
        "3 ноября",
    ],
    "days": ["третий день", "вторую неделю", "месяц", "с октября", "{n} дней"],
}
BEGINNINGS = ["", "", "Здравствуйте! ", "Добрый день. ", "Уважаемая администрация, "]
ENDINGS = ["", ".", "!!!", ". Прошу принять меры.", ". Сколько можно?", ". Жду ответа"]
DEPARTMENTS = {
    "roads": "Дороги и транспорт",
    "transport": "Дороги и транспорт",
    "housing": "ЖКХ",
    "other": "Прочее",
}


def requests(rows: int, seed: int) -> list[dict[str, str]]:
    """Requests as the city would export them, each with the department that a clerk chose."""
    rng = random.Random(seed)
    made = []
    for number in range(1, rows + 1):
        label = rng.choice(LABELS)
        body = (
            rng.choice(BEGINNINGS) + rng.choice(TEMPLATES[label]) + rng.choice(ENDINGS)
        )
        for slot, values in SLOTS.items():
            body = body.replace(f"{{{slot}}}", rng.choice(values))
        body = body.replace("{n}", str(rng.randint(1, 120))).replace(
            "{small}", str(rng.randint(2, 20))
        )
        if rng.random() < 0.3:  # typed in haste: letters are missing
            gaps = set(rng.sample(range(len(body)), k=len(body) // 15))
            body = "".join(
                letter for place, letter in enumerate(body) if place not in gaps
            )
        received = datetime.fromisoformat(NIGHT) - timedelta(minutes=7 * number)
        made.append(
            {
                "номер": str(number),
                "текст": body.upper() if rng.random() < 0.1 else body,
                "канал": f"ОДС-{rng.randint(1, 9)}"
                if label == "housing" and rng.random() < 0.2
                else "портал",
                "поступило": received.isoformat(sep=" "),
                "отдел": DEPARTMENTS[label],
            }
        )
    return made


def write(path: Path, rows: list[dict[str, str]], columns: list[str]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


@pytest.fixture(scope="module")
def night(night_environment, tmp_path_factory) -> dict:
    """The manifest of a finished night, and under ``folder`` where its files are."""
    folder = tmp_path_factory.mktemp("city", numbered=False)
    made = requests(1_200, seed=7)
    columns = ["номер", "текст", "канал", "поступило"]
    new = write(folder / "requests.csv", made[300:], columns)
    decided = write(folder / "decided.csv", made[:300], [*columns, "отдел"])
    names = [
        "--key",
        "номер",
        "--body",
        "текст",
        "--sender",
        "канал",
        "--received-at",
        "поступило",
    ]
    for file, label in ((new, []), (decided, ["--label", "отдел"])):
        loaded = fork(
            "nightsieve", "load", file, *names, *label, environment=night_environment
        )
        assert loaded.returncode == 0, loaded.stderr
    views = (PROJECT / "views.sql").read_text(encoding="utf-8")
    url = night_environment["NIGHTSIEVE_DATABASE_URL"]
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(views)
    ran = fork(*retrain(*OVERLAY, patches=[]), environment=night_environment)
    assert ran.returncode == 0, ran.stderr
    fetched = fork(
        "nightsieve",
        "runs",
        "fetch",
        NIGHT,
        *OVERLAY,
        "--to",
        str(folder),
        environment=night_environment,
    )
    assert fetched.returncode == 0, fetched.stderr
    return {**json.loads((folder / "run.json").read_bytes()), "folder": folder}


@pytest.mark.parametrize("rule", PACK, ids=lambda rule: rule.id)
def test_every_example_of_its_rules_holds(rule: WrittenRule):
    found = re.compile(rule.pattern, re.IGNORECASE).search
    around = "Здравствуйте. {} Ждём." if rule.field == "body" else "{}"
    assert [
        text for text in rule.matches if not found(around.format(text.upper()))
    ] == []
    assert [text for text in rule.near_misses if found(text)] == []


def test_a_night_on_it_learns_every_label(night):
    results = night["results"]
    model = json.loads((night["folder"] / "model.json").read_bytes())
    assert model["labels"] == LABELS
    assert results["messages"]["counts"]["kept"] == 1_200
    assert set(LABELS) == {
        label for label, messages in results["rules"]["labels"].items() if messages
    }
    verified = results["description"]["verification"]
    assert verified["texts"] > 0 and (verified["differences"], verified["flips"]) == (
        0,
        0,
    )


def test_it_agrees_with_the_clerks_who_know_one_label_for_two_of_ours(night):
    metrics = night["results"]["reviews"]["metrics"]
    assert (metrics["n"], metrics["labels"]) == (300, ["housing", "other", "streets"])
    assert min(label["f1"]["value"] for label in metrics["per_label"].values()) >= 0.8


def test_its_model_labels_requests_that_it_has_not_seen(night, night_environment):
    fresh = {
        "На Заводской глубокая яма, жена пробила колесо": "roads",
        "СОСЕДИ ЗАТОПИЛИ, СВЕРХУ КАПАЕТ, В КВАРТИРЕ СЫРО": "housing",
        "Трамвай снова не приехал, пассажиры мёрзли": "transport",
        "Подскажите, где получить справку для паспорта": "other",
    }
    command = ["nightsieve", "score", str(night["folder"] / "model.json")]
    scored = run(*command, environment=night_environment, input="\n".join(fresh))
    assert [json.loads(line)["label"] for line in scored.stdout.splitlines()] == list(
        fresh.values()
    )


def test_the_library_names_none_of_its_labels():
    source = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / "pipeline").rglob("*.py")
    }
    labels = re.compile(
        r"\b(?:housing|roads|streets|transport)\b|[\"']other[\"']"
    )  # other is an English word too
    assert (
        source
        and [path.name for path, text in source.items() if labels.search(text)] == []
    )
