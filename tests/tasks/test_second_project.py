"""Another project by configuration only: requests of citizens, in Russian."""

import csv
import json
import operator
import random
import re
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

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

# All templates are made up. Some templates of each label hold no word of a rule, and
# some hold a word of another label's rule.
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
    """Return requests as the city would export them, with the clerk's department."""
    rng = random.Random(seed)
    made = []
    for request_id in range(1, rows + 1):
        label = rng.choice(LABELS)
        body = request_body(label, rng)
        channel = "портал"
        if label == "housing" and rng.random() < 0.2:
            channel = f"ОДС-{rng.randint(1, 9)}"
        received = datetime.fromisoformat(NIGHT) - timedelta(minutes=7 * request_id)
        request = {
            "номер": str(request_id),
            "текст": body,
            "канал": channel,
            "поступило": received.isoformat(sep=" "),
            "отдел": DEPARTMENTS[label],
        }
        made.append(request)
    return made


def request_body(label: str, rng: random.Random) -> str:
    """Return a text of a template: some with missing letters, some in upper case."""
    parts = (BEGINNINGS, TEMPLATES[label], ENDINGS)
    body = "".join(map(rng.choice, parts))
    for slot, values in SLOTS.items():
        body = body.replace(f"{{{slot}}}", rng.choice(values))
    body = body.replace("{n}", str(rng.randint(1, 120)))
    body = body.replace("{small}", str(rng.randint(2, 20)))
    if rng.random() < 0.3:
        gaps = set(rng.sample(range(len(body)), k=len(body) // 15))
        letters = [letter for i, letter in enumerate(body) if i not in gaps]
        body = "".join(letters)
    return body.upper() if rng.random() < 0.1 else body


def write(path: Path, rows: list[dict[str, str]], columns: list[str]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


@pytest.fixture(scope="module")
def night(night_environment, tmp_path_factory) -> Path:
    """Run a night, and return the folder of its fetched files."""
    folder = tmp_path_factory.mktemp("city", numbered=False)
    made = requests(1_200, seed=7)
    columns = ["номер", "текст", "канал", "поступило"]
    new = write(folder / "requests.csv", made[300:], columns)
    decided = write(folder / "decided.csv", made[:300], [*columns, "отдел"])
    names = ["--key", "номер", "--body", "текст", "--sender", "канал"]
    names += ["--received-at", "поступило"]
    succeed("nightsieve", "load", new, *names, environment=night_environment)
    names += ["--label", "отдел"]
    succeed("nightsieve", "load", decided, *names, environment=night_environment)
    views = (PROJECT / "views.sql").read_text(encoding="utf-8")
    url = night_environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(views)
    succeed(*retrain(*OVERLAY, patches=[]), environment=night_environment)
    fetch = ["nightsieve", "runs", "fetch", NIGHT, *OVERLAY, "--to", str(folder)]
    succeed(*fetch, environment=night_environment)
    return folder


def succeed(*command: str, environment: dict[str, str]) -> None:
    finished = fork(*command, environment=environment)
    assert finished.returncode == 0, finished.stderr


def results(night: Path) -> dict[str, Any]:
    return json.loads((night / "run.json").read_bytes())["results"]


@pytest.mark.parametrize("rule", PACK, ids=operator.attrgetter("id"))
def test_every_example_of_its_rules_holds(rule: WrittenRule):
    search = re.compile(rule.pattern, re.IGNORECASE).search
    sentence = "Здравствуйте. {} Ждём." if rule.field == "body" else "{}"
    for text in rule.matches:
        assert search(sentence.format(text.upper())), text
    for text in rule.near_misses:
        assert not search(text), text


def test_a_night_on_it_learns_every_label(night):
    model = json.loads((night / "model.json").read_bytes())
    assert model["labels"] == LABELS
    assert results(night)["messages"]["counts"]["kept"] == 1_200
    messages_of_label = results(night)["rules"]["labels"]
    assert messages_of_label.keys() == set(LABELS)
    assert all(messages_of_label.values())
    verified = results(night)["description"]["verification"]
    assert verified["texts"] > 0
    assert (verified["differences"], verified["flips"]) == (0, 0)


def test_it_agrees_with_the_clerks_who_know_one_label_for_two_of_ours(night):
    metrics = results(night)["reviews"]["metrics"]
    assert (metrics["n"], metrics["labels"]) == (300, ["housing", "other", "streets"])
    assert min(label["f1"]["value"] for label in metrics["per_label"].values()) >= 0.8


def test_its_model_labels_requests_that_it_has_not_seen(night, night_environment):
    fresh = {
        "На Заводской глубокая яма, жена пробила колесо": "roads",
        "СОСЕДИ ЗАТОПИЛИ, СВЕРХУ КАПАЕТ, В КВАРТИРЕ СЫРО": "housing",
        "Трамвай снова не приехал, пассажиры мёрзли": "transport",
        "Подскажите, где получить справку для паспорта": "other",
    }
    command = ["nightsieve", "score", str(night / "model.json")]
    scored = run(*command, environment=night_environment, input="\n".join(fresh))
    labels = [json.loads(line)["label"] for line in scored.stdout.splitlines()]
    assert labels == list(fresh.values())


def test_the_library_names_none_of_its_labels():
    # In quotes, because other is an English word, too.
    labels = re.compile(r"\b(?:housing|roads|streets|transport)\b|[\"']other[\"']")
    files = list((ROOT / "pipeline").rglob("*.py"))
    assert files
    for file in files:
        assert not labels.search(file.read_text(encoding="utf-8")), file
