//! `publish site`: into a git checkout that looks like the real one.

use super::home::{Home, REAL};

const XENA: &str = "4C29FF0E437F3351FD82BDF47C5A3BC787DC7035";
const YOGA: &str = "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363";
const DATA: &str = "---\n- name: yoga\n  status: development\n  initial-release: 2022-03-30\n\
    - name: xena\n  status: maintained\n  signing-key:\n    key: 4c29ff0e437f3351fd82bdf47c5a3bc787dc7035\n    \
    start: 2021-05-01\n    end: present\n";

fn name(key: &str) -> String {
    format!("0x{}.txt", key.to_lowercase())
}

/// A checkout with the eleven older keys, and the newest in a file.
fn checkout(home: &Home) {
    home.write("releases/data/series_status.yaml", DATA);
    for entry in std::fs::read_dir(REAL).unwrap() {
        let entry = entry.unwrap();
        let file = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if file == name(YOGA) {
            home.write("yoga.asc", bytes);
        } else {
            home.write(&format!("releases/doc/source/static/{file}"), bytes);
        }
    }
    commit(home);
}

fn commit(home: &Home) {
    home.sh("cd releases && git init -q . && git add . && git -c user.name=t -c user.email=t@example.org commit -qm x")
        .exits(0);
}

fn publish(home: &Home, more: &str) -> super::home::Done {
    home.sh(&format!(
        "quorate publish site releases yoga.asc --series yoga --start 2021-10-26 {more}"
    ))
}

#[test]
fn both_files_are_ready_to_commit_and_doing_it_again_changes_nothing() {
    let home = Home::new();
    checkout(&home);
    publish(&home, &format!("--previous {XENA}"))
        .exits(0)
        .says("certified  by its predecessor on 2021-10-26")
        .says("that of xena ends");
    let page = home.read(&format!("releases/doc/source/static/{}", name(YOGA)));
    assert!(
        page.starts_with("pub   ed25519/0xEB6C5DF21B4B6363 2021-10-26 [SC] [expired: 2022-07-23]\n      Key fingerprint = 0152 7A34 F0D0 080F 8A5D  B8D6 EB6C 5DF2 1B4B 6363\n"),
        "{page}"
    );
    assert!(page.contains("0x7C5A3BC787DC7035 2021-10-26  OpenStack Infra (Xena Cycle)"));
    let data = home.read("releases/data/series_status.yaml");
    assert_eq!(
        data,
        DATA.replace(
            "2022-03-30\n",
            "2022-03-30\n  signing-key:\n    key: 01527a34f0d0080f8a5db8d6eb6c5df21b4b6363\n    start: 2021-10-26\n    end: present\n"
        )
        .replace("    end: present\n", "    end: 2021-10-26\n")
        .replacen("    end: 2021-10-26\n", "    end: present\n", 1)
    );
    // Also while it isn't committed yet.
    publish(&home, &format!("--previous {XENA}"))
        .exits(0)
        .says("unchanged");
    // gpg reads the page, with all that others certified.
    home.sh(&format!(
        "gpg -q --import releases/doc/source/static/{} && gpg --with-colons --list-sigs {YOGA} | grep -c '^sig.*:10x'",
        name(YOGA)
    ))
    .says("3\n");
}

#[test]
fn a_front_page_that_lists_the_keys_gets_the_new_one() {
    let home = Home::new();
    let xena = XENA.to_lowercase();
    let list = format!(
        "Keys\n====\n\n* 2021-05-01..present (Xena Cycle key):\n  `key 0x{xena}`_ (details__)\n\n\
         .. _`key 0x{xena}`: _static/0x{xena}.txt\n.. __: http://keys.example.org/0x{xena}\n"
    );
    home.write("releases/doc/source/index.rst", &list);
    checkout(&home);
    publish(&home, &format!("--previous {XENA}"))
        .exits(0)
        .says("wrote      doc/source/index.rst");
    let yoga = YOGA.to_lowercase();
    let page = home.read("releases/doc/source/index.rst");
    for line in [
        "* 2021-05-01..2021-10-26 (Xena Cycle key):\n",
        "* 2021-10-26..present (Yoga Cycle key):\n",
        &format!(
            ".. _`key 0x{yoga}`: _static/0x{yoga}.txt\n.. __: http://keys.example.org/0x{yoga}\n"
        ),
    ] {
        assert!(page.contains(line), "{page}");
    }
    publish(&home, &format!("--previous {XENA}"))
        .exits(0)
        .says("unchanged");
    home.write(
        "releases/doc/source/index.rst",
        list.replace("2021-05-01..present", "from 2021"),
    );
    home.sh("cd releases && git checkout -q data && git clean -qfd && git add . && git -c user.name=t -c user.email=t@example.org commit -qm y")
        .exits(0);
    publish(&home, &format!("--previous {XENA}"))
        .exits(1)
        .says("line 4 isn't understood")
        .says("nothing was written");
    assert!(
        !home
            .read("releases/data/series_status.yaml")
            .contains(&yoga)
    );
}

#[test]
fn a_page_without_the_predecessors_certification_is_refused() {
    let home = Home::new();
    checkout(&home);
    home.sh("gpg -q --batch --import-options import-minimal --import yoga.asc; gpg --armor --export >minimal.asc; cp minimal.asc yoga.asc")
        .exits(0);
    publish(&home, &format!("--previous {XENA}"))
        .exits(1)
        .says("would lead nobody from the old key")
        .says("nothing was written");
    home.sh("cd releases && git status --porcelain | wc -l")
        .says("0\n");
    publish(&home, "").exits(2).says("--previous");
    let wallaby = "5D2D1E4FB8D38E6AF76C50D53D4FEC30CF5CE3DA";
    publish(&home, &format!("--previous {wallaby}")).exits(1);
    publish(&home, &format!("--previous {YOGA}")).exits(2);
}

#[test]
fn local_changes_and_foreign_keys_are_noticed() {
    let home = Home::new();
    checkout(&home);
    // Somebody is at work on the same file.
    let changed = DATA.replace("maintained", "extended maintenance");
    home.write("releases/data/series_status.yaml", &changed);
    publish(&home, &format!("--previous {XENA}"))
        .exits(1)
        .says("local changes")
        .says("data/series_status.yaml")
        .says("nothing was written");
    home.write("releases/data/series_status.yaml", DATA);
    // Another key stands in the place.
    let place = format!("releases/doc/source/static/{}", name(YOGA));
    let xena = std::fs::read(format!("{REAL}/{}", name(XENA))).unwrap();
    home.write(&place, &xena);
    publish(&home, &format!("--previous {XENA}"))
        .exits(4)
        .says("stands there, and holds the key 4C29FF0E");
    std::fs::remove_file(home.path(&place)).unwrap();
    // And in the place of somebody else.
    let other = "releases/doc/source/static/0x5d2d1e4fb8d38e6af76c50d53d4fec30cf5ce3da.txt";
    home.write(other, &xena);
    publish(&home, &format!("--previous {XENA}"))
        .exits(0)
        .says("the file is not called 0x4c29ff0e")
        .says("1 other local change");
}

#[test]
fn what_is_no_checkout_or_not_understood_is_refused() {
    let home = Home::new();
    checkout(&home);
    home.sh("mv releases/.git git").exits(0);
    publish(&home, &format!("--previous {XENA}"))
        .exits(2)
        .says("is no git checkout");
    home.sh("mv git releases/.git").exits(0);
    let odd = DATA.replace("  signing-key:\n", "  signing-key: &old\n");
    home.write("releases/data/series_status.yaml", odd);
    publish(&home, &format!("--previous {XENA}"))
        .exits(1)
        .says("line 7 isn't understood");
    home.write("releases/data/series_status.yaml", DATA);
    home.sh(&format!(
        "quorate publish site releases yoga.asc --series zed --start 2021-10-26 --previous {XENA}"
    ))
    .exits(2)
    .says("has no series zed")
    .says("yoga, xena");
    home.sh(&format!(
        "quorate publish site releases yoga.asc --series yoga --start tomorrow --previous {XENA}"
    ))
    .exits(2);
    home.sh(&format!(
        "quorate publish site . yoga.asc --series yoga --start 2021-10-26 --previous {XENA}"
    ))
    .exits(2)
    .says("is no checkout of the release site");
}

#[test]
fn what_others_added_to_the_page_since_stays_there() {
    let home = Home::new();
    checkout(&home);
    // The committed page has the roots' certifications; the file at hand has the link alone.
    let page = home.read("yoga.asc");
    home.write(&format!("releases/doc/source/static/{}", name(YOGA)), page);
    home.sh(
        "cd releases && git add . && git -c user.name=t -c user.email=t@example.org commit -qm y",
    )
    .exits(0);
    home.sh(&format!(
        "gpg -q --import {REAL}/{} yoga.asc; gpg --faked-system-time 20211101T000000! -q --batch --export-options export-clean --armor --export {YOGA} >clean.asc; cp clean.asc yoga.asc",
        name(XENA)
    ))
    .exits(0);
    publish(&home, &format!("--previous {XENA}")).exits(0);
    let packets = home.sh(&format!(
        "gpg --list-packets releases/doc/source/static/{} | grep -c ':signature packet'",
        name(YOGA)
    ));
    packets.says("6\n");
}
