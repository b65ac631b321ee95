//! The files of the repository.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The directory at the root that the build makes. Further down, the name is free.
const BUILT: &str = "target";

/// Hidden directories that belong to the repository.
const HIDDEN: [&str; 3] = [".cargo", ".ci", ".github"];

/// A text file.
pub struct File {
    /// The path from the root, with slashes.
    pub path: String,
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository").to_owned()
}

/// The files with an extension under a directory (`""` is the root), in the order of their paths.
pub fn files(directory: &str, extension: &str) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(directory), extension, &mut paths).unwrap_or_else(|error| panic!("{directory}: {error}"));
    paths.sort_unstable();
    paths.into_iter().map(|path| read(&relative(&path))).collect()
}

/// A file, by its path from the root.
pub fn read(path: &str) -> File {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    File { path: path.to_owned(), text }
}

fn collect(directory: &Path, extension: &str, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let is_hidden = name.starts_with('.') && !HIDDEN.contains(&&*name);
            if !is_hidden && path != root().join(BUILT) {
                collect(&path, extension, paths)?;
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    Ok(())
}

fn relative(path: &Path) -> String {
    let parts = path.strip_prefix(root()).expect("a path below the root").iter();
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
