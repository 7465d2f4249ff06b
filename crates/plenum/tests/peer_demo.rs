//! The server as its user meets it: how it starts, what it says when it cannot, how it ends.

mod peers;

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Output;

use peers::SOON;
use peers::folder::Folder;
use peers::phone::Phone;
use peers::ports::free_port;
use peers::program::{Program, run};
use peers::server::{Server, demo};
use peers::sipp::Call;

/// Starts a demo that cannot run, and returns what it complains about.
fn refused(folder: &Folder, sip_port: u16, http_port: u16) -> String {
    let mut program = Program::start(&mut demo(folder, sip_port, http_port), "plenum");
    let status = program.ends(SOON);
    assert_eq!(status.code(), Some(1), "{}", program.said());
    program.said()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn check(file: &Path) -> Output {
    run(&["config", "check", &file.display().to_string()])
}

/// Checks a configuration that is wrong, and returns the complaint.
fn complaint(file: &Path) -> String {
    let output = check(file);
    assert_eq!(output.status.code(), Some(1));
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_demo_says_what_to_dial_and_how_to_stop_it() {
    let server = Server::demo();
    let said = server.program.said();
    let sip = format!("udp and tcp 127.0.0.1:{}", server.sip_port);
    let http = format!("http://127.0.0.1:{}/healthz", server.http_port);
    for words in [
        &sip,
        &http,
        "9196",
        "9197",
        "9198",
        "4711",
        "7000 to 7999",
        "Ctrl-C",
    ] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    assert!(server.stop().success());
}

#[test]
fn a_busy_sip_port_is_named() {
    let first = Server::demo();
    let said = refused(&Folder::new(), first.sip_port, free_port());
    let address = format!("127.0.0.1:{}", first.sip_port);
    assert!(said.contains(&address) && said.contains("in use"), "{said}");
    assert!(said.contains("--sip-port"), "{said}");
}

#[test]
fn a_busy_tcp_port_is_named_though_udp_is_free() {
    let port = free_port();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let said = refused(&Folder::new(), port, free_port());
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    assert!(said.contains("in use"), "{said}");
    drop(taken);
}

#[test]
fn a_busy_http_port_is_named() {
    let first = Server::demo();
    let said = refused(&Folder::new(), free_port(), first.http_port);
    let address = format!("127.0.0.1:{}", first.http_port);
    assert!(
        said.contains(&address) && said.contains("--http-port"),
        "{said}"
    );
}

#[test]
fn rtp_ports_that_cannot_be_bound_are_named() {
    let folder = Folder::new();
    folder.write("extensions.conf", "[default]\nexten => 1,1,Hangup()\n");
    let config = format!(
        "data_dir = \"data\"\n[sip]\nlisten = [\"udp://127.0.0.1:{}\"]\n\
         [http]\nlisten = \"127.0.0.1:{}\"\n[rtp]\nbind = \"198.51.100.1\"\n\
         ports = \"14000-14999\"\n",
        free_port(),
        free_port()
    );
    let file = folder.write("plenum.toml", &config);
    let output = run(&["serve", "--config", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("no port from 14000 to 14999"), "{said}");
    assert!(
        said.contains("198.51.100.1") && said.contains("[rtp] bind"),
        "{said}"
    );
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let first = Server::demo();
    let said = refused(&first.folder, free_port(), free_port());
    assert!(said.contains("another server runs on"), "{said}");
    assert_eq!(first.figure("calls"), 0);
}

#[test]
fn ctrl_c_ends_calls_with_bye() {
    let mut server = Server::demo();
    let phone = Phone::new(500.0);
    let mut sipp = Call::new(&server, "server_bye.xml", "4711").connects(&phone);
    server.program.interrupt();
    sipp.says("ended");
    sipp.succeeds();
    let status = server.program.ends(SOON);
    assert_eq!(status.code(), Some(0), "{}", server.program.said());
    assert!(server.program.said().contains("every call was ended"));
    assert!(!server.socket().exists());
    // Everything is free again.
    UdpSocket::bind(("127.0.0.1", server.sip_port)).unwrap();
}

/// The phone does not answer the BYE, so that the end would take long.
#[test]
fn a_second_ctrl_c_ends_at_once() {
    let mut server = Server::demo();
    let phone = Phone::new(500.0);
    let mut sipp = Call::new(&server, "deaf.xml", "4711").connects(&phone);
    server.program.interrupt();
    sipp.says("ended");
    server.program.interrupt();
    assert_eq!(server.program.ends(SOON).code(), Some(130));
}

#[test]
fn a_good_configuration_is_good() {
    let folder = Folder::new();
    folder.write("extensions.conf", "[default]\nexten => 1,1,Hangup()\n");
    let file = folder.write("plenum.toml", "[sip]\nanonymous_context = \"default\"\n");
    let output = check(&file);
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), format!("{}: good\n", file.display()));
}

#[test]
fn a_typo_is_named_with_its_line_and_what_was_meant() {
    let folder = Folder::new();
    let file = folder.write(
        "plenum.toml",
        "[rtp]\nbind = \"127.0.0.1\"\nprots = \"1-2\"\n",
    );
    assert_eq!(
        complaint(&file),
        format!(
            "plenum: {}:3:1: there is no key rtp.prots; did you mean rtp.ports?\n",
            file.display()
        )
    );
    let output = run(&["serve", "--config", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("did you mean rtp.ports?"));
}

#[test]
fn a_missing_configuration_is_named() {
    let file = Folder::new().join("plenum.toml");
    let said = complaint(&file);
    assert!(
        said.contains("plenum.toml: there is no such file"),
        "{said}"
    );
    assert!(said.contains("plenum demo"), "{said}");
}

#[test]
fn a_missing_dialplan_is_named() {
    let folder = Folder::new();
    let file = folder.write("plenum.toml", "[dialplan]\nfile = \"phones.conf\"\n");
    assert_eq!(
        complaint(&file),
        format!(
            "{}:2:8: dialplan.file: there is no file {}; write a dialplan there, or name another \
             file\n",
            file.display(),
            folder.join("phones.conf").display()
        )
    );
}

#[test]
fn a_mistake_in_the_dialplan_is_named_with_its_line() {
    let folder = Folder::new();
    folder.write(
        "extensions.conf",
        "[default]\nexten => 1,1,Answer()\n same => n,Ehco()\n",
    );
    let said = complaint(&folder.write("plenum.toml", ""));
    assert!(said.contains("extensions.conf: "), "{said}");
    assert!(
        said.contains("line 3") && said.contains("Ehco") && said.contains("Echo"),
        "{said}"
    );
}

#[test]
fn a_context_that_does_not_exist_is_named_with_those_that_do() {
    let folder = Folder::new();
    folder.write("extensions.conf", "[phones]\nexten => 1,1,Hangup()\n");
    let file = folder.write("plenum.toml", "[sip]\nanonymous_context = \"default\"\n");
    let said = complaint(&file);
    assert!(
        said.contains(":2:21: sip.anonymous_context: there is no context \"default\" in"),
        "{said}"
    );
    assert!(said.ends_with("it has: phones\n"), "{said}");
}

#[test]
fn a_key_is_explained_with_its_default_and_when_a_change_counts() {
    let output = run(&["config", "explain", "rtp.timeout_s"]);
    assert!(output.status.success());
    assert_eq!(
        text(&output.stdout),
        "rtp.timeout_s\n  \
         Silence after which a stream that should flow is reported as missing, with the suspected \
         cause. The call stays up.\n  \
         value    a whole number from 1 to 86400 (seconds)\n  \
         default  30\n  \
         change   takes effect at the next start\n\n"
    );
    let unknown = run(&["config", "explain", "rtp.timeout"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("did you mean rtp.timeout_s?"));
}
