//! Answers for people: tables with aligned columns, and one line an event.

use serde_json::Value;

/// Prints an answer: a list of objects as a table, an object as lines, an event as one line.
pub(super) fn human(value: &Value) -> String {
    match value {
        Value::Array(rows) => table(rows),
        Value::Object(fields) if fields.contains_key("event") => event(value),
        Value::Object(fields) => {
            let width = fields.keys().map(String::len).max().unwrap_or(0);
            let lines = fields
                .iter()
                .map(|(name, value)| format!("{name:width$}  {}\n", text(value)));
            lines.collect()
        }
        Value::Null => "done\n".to_owned(),
        other => format!("{}\n", text(other)),
    }
}

fn table(rows: &[Value]) -> String {
    let Some(Value::Object(first)) = rows.first() else {
        return "none\n".to_owned();
    };
    let names: Vec<&String> = first.keys().collect();
    let cell = |row: &Value, name: &str| text(row.get(name).unwrap_or(&Value::Null));
    let width = |name: &String| {
        let cells = rows.iter().map(|row| cell(row, name).chars().count());
        cells.chain([name.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = names.iter().map(|name| width(name)).collect();
    let line = |cells: Vec<String>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let head = line(names.iter().map(|name| name.replace('_', " ")).collect());
    let body = rows
        .iter()
        .map(|row| line(names.iter().map(|name| cell(row, name)).collect()));
    head + &body.collect::<String>()
}

fn event(value: &Value) -> String {
    let field = |name: &str| value.get(name).map(text).unwrap_or_default();
    let known = ["seq", "time", "event", "channel", "room"];
    let rest = value.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    let rest: Vec<String> = rest
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    let line = format!(
        "{:>8}  {:24} {:26} {:8} {}",
        field("seq"),
        field("event"),
        field("channel"),
        field("room"),
        rest.join(" ")
    );
    format!("{}\n", line.trim_end())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_a_table_with_aligned_columns() {
        let rooms = json!([
            { "name": "4711", "parties": 12, "locked": false },
            { "name": "7", "parties": 1, "locked": true },
        ]);
        assert_eq!(
            human(&rooms),
            "locked  name  parties\nno      4711  12\nyes     7     1\n"
        );
        assert_eq!(human(&json!([])), "none\n");
    }

    #[test]
    fn an_event_is_one_line() {
        let line = human(&json!({
            "seq": 7, "time": 1.5, "event": "DigitReceived", "channel": "SIP/a-1", "digit": "5",
            "why": null,
        }));
        assert!(
            line.contains("DigitReceived") && line.ends_with("digit=5\n"),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }
}
