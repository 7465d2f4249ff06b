use std::path::{Component, Path, PathBuf};

/// Longest name of a sound or recording.
pub const NAME_LEN_MAX: usize = 200;

/// Turns a name from a dialplan or an interface into a path that stays in its folder.
///
/// # Errors
///
/// The sentence that says what is wrong with the name.
pub(super) fn relative(name: &str) -> Result<PathBuf, String> {
    let shown: String = name.chars().take(NAME_LEN_MAX).collect();
    if name.is_empty() {
        return Err("the name is empty; give the name of a file".to_owned());
    }
    if name.len() > NAME_LEN_MAX {
        return Err(format!(
            "the name \"{shown}...\" is longer than {NAME_LEN_MAX} octets"
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("the name {shown:?} holds a control character"));
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                return Err(format!(
                    "the name \"{shown}\" leads out of its folder; leave out \"..\""
                ));
            }
            Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "the name \"{shown}\" is absolute; name a file below the folder"
                ));
            }
        }
    }
    if path.file_name().is_none() || name.ends_with('/') {
        return Err(format!("the name \"{shown}\" names no file"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_refused_with_a_sentence() {
        let sentence = |name: &str| relative(name).unwrap_err();
        assert!(sentence("../secret").contains("leads out of its folder"));
        assert!(sentence("a/../../secret").contains("leave out \"..\""));
        assert!(sentence("/etc/passwd").contains("is absolute"));
        assert!(sentence("").contains("is empty"));
        assert!(sentence(".").contains("names no file"));
        assert!(sentence("folder/").contains("names no file"));
        assert!(sentence("a\0b").contains("control character"));
        assert!(sentence(&"x".repeat(300)).contains("longer than"));
        assert_eq!(relative("./digits/1").unwrap(), Path::new("digits/1"));
    }

    proptest! {
        #[test]
        fn a_path_that_is_accepted_stays_in_its_folder(name in "[a./\\\\ ~-]{0,12}") {
            if let Ok(path) = relative(&name) {
                let is_normal = |part| matches!(part, Component::Normal(_));
                prop_assert!(path.components().all(is_normal));
            }
        }
    }
}
