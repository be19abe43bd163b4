//! What is printed for programs, beside the schema that describes it.

/// A small validator: properties, items, enumerations and types as the schema has them.
pub fn fits(value: &serde_json::Value, schema: &serde_json::Value, at: &str) {
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value}");
    }
    if let Some(fixed) = schema.get("const") {
        assert_eq!(value, fixed, "{at}");
    }
    if let Some(object) = value.as_object() {
        let described = schema["properties"].as_object().unwrap();
        let names = |map: &serde_json::Map<String, serde_json::Value>| {
            map.keys()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(object), names(described), "{at}");
        for (name, inner) in object {
            fits(inner, &described[name], &format!("{at}/{name}"));
        }
    }
    for inner in value.as_array().into_iter().flatten() {
        fits(inner, &schema["items"], &format!("{at}[]"));
    }
    let kind = match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    let allowed = &schema["type"];
    if !allowed.is_null() {
        let allowed = allowed.to_string();
        assert!(
            allowed.contains(&format!("\"{kind}\"")),
            "{at}: {kind}, not {allowed}"
        );
    }
}
