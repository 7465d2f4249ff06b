use super::*;

fn problems(text: &str) -> Vec<String> {
    let error = Config::parse(text).expect_err("the file has a mistake");
    error.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn an_empty_file_is_a_server_on_loopback() {
    let config = Config::parse("").expect("every key is optional");
    assert_eq!(config, Config::default());
    assert!(
        config
            .sip
            .listen
            .iter()
            .all(|listen| listen.address.ip().is_loopback())
    );
    assert_eq!(config.rtp.bind.to_string(), "127.0.0.1");
    assert!(config.http.listen.ip().is_loopback());
    assert_eq!(config.sip.anonymous_context, None);
}

#[test]
fn every_default_fits_its_kind() {
    for key in schema::KEYS {
        let present = value::default_of(key.path).is_some();
        assert_eq!(present, !key.default.is_empty(), "{}", key.path);
    }
}

#[test]
fn a_typo_names_its_line_and_the_fix() {
    let lines = problems("[sip]\nlisen = [\"udp://127.0.0.1:5060\"]\n");
    assert_eq!(
        lines,
        ["configuration:2:1: there is no key sip.lisen; did you mean sip.listen?"]
    );
}

#[test]
fn a_misspelt_section_is_found_too() {
    let lines = problems("[rpt]\nbind = \"127.0.0.1\"\n");
    assert_eq!(
        lines,
        ["configuration:1:2: there is no key rpt; did you mean rtp?"]
    );
}

#[test]
fn a_key_in_the_wrong_section_is_pointed_to_its_own() {
    let lines = problems("[sip]\nadvertise = \"192.0.2.1\"\n");
    assert_eq!(
        lines[0],
        "configuration:2:1: there is no key sip.advertise; did you mean rtp.advertise?"
    );
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let lines =
        problems("data_dir = 3\n[rtp]\nports = \"2-1\"\n[sip]\nlisten = [\"127.0.0.1:1\"]\n");
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("configuration:1:12: data_dir: this is an integer; give a path"));
    assert!(lines[1].contains(":3:9: rtp.ports: \"2-1\" is no range of ports"));
    assert!(lines[2].contains("write \"udp://127.0.0.1:1\" or \"tcp://127.0.0.1:1\""));
}

#[test]
fn a_number_out_of_range_names_the_range() {
    let lines = problems("[sip]\ncalls_max = 0\n");
    assert!(lines[0].ends_with("0 is out of range; give a whole number from 1 to 100000"));
}

#[test]
fn audio_takes_an_address_of_each_family() {
    let config =
        Config::parse("[rtp]\nbind = [\"10.0.0.5\", \"2001:db8::5\"]\nadvertise = \"192.0.2.5\"\n")
            .expect("an address of each family");
    let announced = config.rtp.announced().to_string();
    assert_eq!(announced, "192.0.2.5 and 2001:db8::5");
    let lines = problems("[rtp]\nbind = [\"10.0.0.5\", \"10.0.0.6\"]\nadvertise = []\n");
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("give one IPv4 and one IPv6 address at most"));
    assert!(lines[1].ends_with("the list is empty; give at least one address"));
}

#[test]
fn broken_toml_names_its_line() {
    let lines = problems("[sip]\nlisten = [\"udp\n");
    assert!(lines[0].starts_with("configuration:2:"), "{lines:?}");
}

#[test]
fn conference_profiles_keep_their_options_as_text() {
    let config = Config::parse(
        "[conference.users.default_user]\nadmin = true\npin = \"1234\"\n\
         [conference.bridges.default_bridge]\nmax_members = 5\n",
    )
    .expect("profiles");
    let user = &config.conference.users["default_user"];
    assert_eq!(
        (user["admin"].text.as_str(), user["pin"].text.as_str()),
        ("yes", "1234")
    );
    assert_eq!(
        config.conference.bridges["default_bridge"]["max_members"].text,
        "5"
    );
}

#[test]
fn a_menu_takes_actions_and_lists_of_them() {
    let config = Config::parse(
        "[conference.menus.host]\n\"*1\" = \"toggle_mute\"\n\
         9 = [\"playback(conf-muted&beep)\", \"leave_conference\"]\n\
         [conference.menus]\nempty = {}\n",
    )
    .expect("menus");
    let host = &config.conference.menus["host"];
    assert_eq!(host.actions("*1").map(|actions| actions.len()), Some(1));
    assert_eq!(host.actions("9").map(|actions| actions.len()), Some(2));
    assert_eq!(config.conference.menus["empty"], MenuProfile::default());
}

#[test]
fn every_mistake_in_a_menu_is_told_with_its_line() {
    let lines = problems(
        "[conference.menus.m]\n\"*1\" = \"togle_mute\"\n\"x\" = \"no_op\"\n\
         2 = 3\n3 = [\"no_op\", \"playback\"]\n4 = [\"no_op\", 5]\n5 = \"\"\n\
         [conference.menus]\nn = \"toggle_mute\"\n",
    );
    let expected = [
        "configuration:2:8: conference.menus.m.\"*1\": a menu has no action \"togle_mute\"; did \
         you mean \"toggle_mute\"?",
        "configuration:3:1: conference.menus.m.\"x\": \"x\" are no keys of a phone; use 1 to 20 \
         of 0 to 9, A to D, * and #",
        "configuration:4:5: conference.menus.m.\"2\": give an action in quotes or a list of them",
        "configuration:5:5: conference.menus.m.\"3\": \"playback\" is no action of a menu; write \
         playback(sound&sound)",
        "configuration:6:5: conference.menus.m.\"4\": give an action in quotes",
        "configuration:7:5: conference.menus.m.\"5\": an action is missing",
        "configuration:9:5: conference.menus.n is a section; write [conference.menus.n]",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn the_actions_of_menus_are_explained() {
    let text = explain::explain(Some("conference.menus")).expect("a table");
    assert!(text.starts_with("[conference.menus.NAME]\n"));
    for action in plenum_switch::MenuAction::usages() {
        assert!(text.contains(&format!("    {action}\n")), "{action}");
    }
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = std::env::temp_dir().join(format!("plenum-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("temporary folder");
    let file = folder.join("plenum.toml");
    std::fs::write(&file, "data_dir = \"data\"\n").expect("written");
    let config = Config::load(&file).expect("a good file");
    assert_eq!(config.data_dir, folder.join("data"));
    assert_eq!(config.dialplan.file, folder.join("extensions.conf"));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_missing_file_says_what_to_do() {
    let error = Config::load(Path::new("no-such-file.toml")).expect_err("missing");
    assert!(
        error
            .to_string()
            .starts_with("no-such-file.toml: there is no such file; name one")
    );
}

#[test]
fn ninety_five_in_a_hundred_typos_get_the_right_suggestion() {
    let (mut right, mut all) = (0, 0);
    for key in schema::KEYS {
        let last = key.path.rsplit('.').next().expect("a word");
        for cut in 0..last.len() {
            let mut typo = last.to_owned();
            typo.remove(cut);
            let path = format!("{}{typo}", &key.path[..key.path.len() - last.len()]);
            if schema::key(&path).is_some() || typo.is_empty() {
                continue;
            }
            let (section, name) = path.rsplit_once('.').unwrap_or(("", &path));
            let head = if section.is_empty() {
                String::new()
            } else {
                format!("[{section}]\n")
            };
            let lines = problems(&format!("{head}{name} = 1\n"));
            all += 1;
            right += usize::from(lines[0].ends_with(&format!("did you mean {}?", key.path)));
        }
    }
    assert!(right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn explain_covers_every_key_and_refuses_unknown_ones() {
    let text = explain::explain(None).expect("all keys");
    for key in schema::KEYS {
        assert!(text.contains(key.path));
    }
    assert!(
        explain::explain(Some("rtp"))
            .expect("a section")
            .contains("rtp.ports")
    );
    let refusal = explain::explain(Some("rtp.port")).expect_err("no such key");
    assert_eq!(refusal, "there is no key rtp.port; did you mean rtp.ports?");
}

#[test]
fn certificates_are_relative_to_the_file_and_limits_arrive() {
    let text = "[sip]\nlisten = [\"tls://127.0.0.1:5061\", \"wss://[::1]:443\"]\nidle_s = 7200\n\
                websocket_origins = [\"https://phone.example\"]\n[sip.tls]\n\
                certificate = \"a.pem\"\nkey = \"/etc/a.key\"\nverify_client = \"optional\"\n";
    let mut config = Config::parse(text).expect("a good file");
    config.rebase(Path::new("/etc/plenum"));
    let transports: Vec<String> = config.sip.listen.iter().map(ToString::to_string).collect();
    assert_eq!(transports, ["tls://127.0.0.1:5061", "wss://[::1]:443"]);
    assert_eq!(config.sip.limits.idle.as_secs(), 7200);
    assert_eq!(config.sip.websocket_origins, ["https://phone.example"]);
    let files = config.sip.tls.files();
    let pair = (
        PathBuf::from("/etc/plenum/a.pem"),
        PathBuf::from("/etc/a.key"),
    );
    assert_eq!(files.identity, Some(pair));
}

#[test]
fn an_origin_is_no_address_of_a_page() {
    let lines = problems("[sip]\nwebsocket_origins = [\"phone.example\"]\n");
    assert!(lines[0].contains("https://phone.example"), "{lines:?}");
    assert!(!problems("[sip]\nwebsocket_origins = [\"https://a.example/x\"]\n").is_empty());
}

/// Makes an input of a size.
type Shape = fn(usize) -> String;

/// Texts that a careless check would read again and again, with as many entries as it is told.
const SHAPES: [(&str, Shape); 6] = [
    ("options", |n| {
        format!("[conference.users.a]\n{}", numbered(n, "x", " = 1\n"))
    }),
    ("options in one line", |n| {
        format!(
            "conference.users.a = {{{}}}\n",
            numbered(n, "x", " = 1, ") + "z = 1"
        )
    }),
    ("profiles", |n| {
        numbered(n, "[conference.bridges.p", "]\nx = 1\n")
    }),
    ("unknown keys", |n| numbered(n, "lisen", " = 1\n")),
    ("entries of a menu", |n| {
        format!(
            "[conference.menus.m]\n{}",
            numbered(n, "", " = \"no_op\"\n")
        )
    }),
    ("wrong entries of a menu", |n| {
        format!(
            "[conference.menus.m]\n{}",
            numbered(n, "", " = \"no_opp\"\n")
        )
    }),
];

fn numbered(count: usize, before: &str, after: &str) -> String {
    (0..count).map(|n| format!("{before}{n}{after}")).collect()
}

#[test]
fn twice_the_file_costs_twice_the_work() {
    for (name, shape) in SHAPES {
        let cost = |count| {
            let text = shape(count);
            lines::work::during(|| Config::parse(&text).err())
        };
        let (one, two) = (cost(10_000), cost(20_000));
        assert!(one > 0 && two * 10 <= one * 25, "{name}: {one}, then {two}");
    }
}

#[test]
fn suggestions_end_with_the_problems_that_are_told() {
    let lines = problems(&numbered(1_000, "lisen", " = 1\n"));
    assert_eq!(lines.len(), check::PROBLEMS_MAX);
    assert!(lines[0].starts_with("configuration:1:1: there is no key lisen0"));
    assert!(lines[19].starts_with("configuration:20:1: there is no key lisen19"));
}

#[test]
fn a_log_filter_that_would_log_nothing_is_refused() {
    let refused = |filter: &str| problems(&format!("[log]\nlevel = \"{filter}\"\n")).remove(0);
    assert!(refused("infoo").starts_with("configuration:2:9: log.level: \"infoo\" does not fit"));
    for (filter, near) in [
        ("infoo", "info"),
        ("plenum_sip_ua=debgu", "debug"),
        ("info,plenm_sip_ua=debug", "plenum_sip_ua"),
        ("info, plenum=debug", "plenum=debug"),
        ("of", "off"),
    ] {
        let line = refused(filter);
        assert!(
            line.ends_with(&format!("; did you mean \"{near}\"?")),
            "{line}"
        );
    }
    for filter in ["", "warning", "rustls", "=debug", "3"] {
        assert!(
            refused(filter).contains("give a level (error, warn, info"),
            "{filter}"
        );
    }
    for filter in [
        "info",
        "OFF",
        "plenum",
        "info,plenum_sip_ua::uac=trace",
        "warn,rustls=debug",
    ] {
        let text = format!("[log]\nlevel = \"{filter}\"\n");
        assert_eq!(Config::parse(&text).expect(filter).log.level, filter);
    }
}

#[test]
fn a_server_without_sip_address_is_refused() {
    let lines = problems("[sip]\nlisten = []\n");
    assert!(
        lines[0].starts_with("configuration:2:10: sip.listen: the list is empty, so no phone"),
        "{lines:?}"
    );
}

#[test]
fn a_key_given_twice_is_named_with_the_fix() {
    let lines = problems("[sip]\ncalls_max = 1\ncalls_max = 2\n[rtp]\n[rtp]\n");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with(
            "configuration:3:1: calls_max is given here for the second time; remove one"
        ),
        "{lines:?}"
    );
    assert!(lines[1].contains(":5:"), "{lines:?}");
    assert!(
        lines[1].contains("rtp is given here for the second time"),
        "{lines:?}"
    );
}
