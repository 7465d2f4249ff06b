use serde_json::json;

use super::*;

const SMALL: &[Row] = &[
    Row {
        package: "plenum-time",
        internal: &[],
        external: &[],
        pure: true,
    },
    Row {
        package: "plenum-media",
        internal: &["plenum-time"],
        external: &["libm"],
        pure: true,
    },
    Row {
        package: "plenum-switch",
        internal: &["plenum-time"],
        external: &[],
        pure: true,
    },
];

fn one(package: &str, normal: &[&str], dev: &[&str]) -> Crate {
    Crate {
        package: package.to_owned(),
        folder: format!("crates/{}", package.trim_start_matches("plenum-")),
        normal: normal.iter().map(ToString::to_string).collect(),
        dev: dev.iter().map(ToString::to_string).collect(),
    }
}

fn small_workspace() -> Vec<Crate> {
    vec![
        one("plenum-time", &[], &["proptest"]),
        one("plenum-media", &["plenum-time", "libm"], &["proptest"]),
        one("plenum-switch", &["plenum-time"], &[]),
    ]
}

#[test]
fn a_workspace_within_the_table_passes() {
    assert_eq!(check(&small_workspace(), SMALL), Vec::<String>::new());
}

#[test]
fn the_table_itself_names_only_rows_above() {
    assert_eq!(rows_out_of_order(TABLE), Vec::<String>::new());
}

#[test]
fn an_upward_row_in_the_table_is_refused() {
    let upward = [
        Row {
            package: "plenum-time",
            internal: &["plenum-media"],
            external: &[],
            pure: true,
        },
        Row {
            package: "plenum-media",
            internal: &[],
            external: &[],
            pure: true,
        },
    ];
    assert_eq!(rows_out_of_order(&upward).len(), 1);
}

#[test]
fn an_internal_edge_outside_the_table_is_named_with_the_way_out() {
    let mut crates = small_workspace();
    crates[1].normal.insert("plenum-switch".to_owned());
    assert_eq!(
        check(&crates, SMALL),
        [
            "crates/media may not depend on plenum-switch: edges go downwards only \
             (ARCHITECTURE.md); move the code or change the table in xtask/src/check_deps.rs \
             with an ADR"
        ]
    );
}

#[test]
fn an_external_package_outside_the_table_is_refused() {
    let mut crates = small_workspace();
    crates[2].normal.insert("tokio".to_owned());
    let violations = check(&crates, SMALL);
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].starts_with("crates/switch may not depend on tokio"),
        "{violations:?}"
    );
}

#[test]
fn a_crate_without_a_row_is_refused() {
    let mut crates = small_workspace();
    crates.push(one("plenum-extra", &[], &[]));
    let violations = check(&crates, SMALL);
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].starts_with("crates/extra has no row"),
        "{violations:?}"
    );
}

#[test]
fn a_test_may_use_a_neighbour_but_not_close_a_circle() {
    let mut crates = small_workspace();
    crates[1].dev.insert("plenum-switch".to_owned());
    assert_eq!(check(&crates, SMALL), Vec::<String>::new());

    crates[0].dev.insert("plenum-switch".to_owned());
    let violations = check(&crates, SMALL);
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].starts_with("crates/time may not test with"),
        "{violations:?}"
    );
}

#[test]
fn a_row_without_a_crate_is_stale() {
    let violations = stale_rows(&small_workspace());
    assert_eq!(violations.len(), TABLE.len() - 3);
    assert!(
        violations
            .iter()
            .any(|sentence| sentence.contains("row for plenum-sim,"))
    );
}

#[test]
fn metadata_is_read_by_kind_of_dependency() {
    let metadata = json!({
        "workspace_root": "/repo",
        "packages": [{
            "name": "plenum-media",
            "manifest_path": "/repo/crates/media/Cargo.toml",
            "dependencies": [
                { "name": "plenum-time", "kind": null },
                { "name": "cc", "kind": "build" },
                { "name": "proptest", "kind": "dev" },
            ],
        }],
    });
    let crates = parse(&metadata);
    assert_eq!(
        crates,
        [one("plenum-media", &["plenum-time", "cc"], &["proptest"])]
    );
}
