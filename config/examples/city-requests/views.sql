-- In place of the city's own tables. `nightsieve load` fills the tables `messages` and
-- `reviews`; these views show their rows under the city's names. A label is a short name in
-- Latin letters, so the labels of the clerks are translated here.

CREATE OR REPLACE VIEW "обращения" AS
SELECT key::bigint AS "номер", body AS "текст", sender AS "канал", received_at AS "поступило"
FROM messages;

CREATE OR REPLACE VIEW "решения" AS
SELECT
    message_key::bigint AS "обращение",
    CASE label
        WHEN 'Дороги и транспорт' THEN 'streets'
        WHEN 'ЖКХ' THEN 'housing'
        WHEN 'Прочее' THEN 'other'
        ELSE label
    END AS "отдел",
    source AS "решил"
FROM reviews;
