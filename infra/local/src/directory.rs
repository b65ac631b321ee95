//! The directory that keeps tables and queues across restarts.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("cannot use the data directory {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("another local stack uses the data directory {}", .0.display())]
    InUse(PathBuf),
    /// The tables in the directory have other keys or indexes than those of the template.
    #[error(
        "the tables in {} are from another version of template.yaml: delete the directory, or choose another one",
        .0.display()
    )]
    OtherTables(PathBuf),
}

/// Locks a directory for this process until the returned file is closed. Creates it if it is
/// missing.
///
/// # Errors
/// If the directory cannot be written to, or another process has locked it.
pub fn lock(directory: &Path) -> Result<File, DirectoryError> {
    let failed = |source| DirectoryError::Io { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(failed)?;
    let file = File::create(directory.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Fails if the tables in a directory differ from those of the template. Existing tables are never
/// changed.
///
/// # Errors
/// If they differ, or the directory cannot be used.
pub fn check_tables(directory: &Path, declared: &Json) -> Result<(), DirectoryError> {
    let failed = |source| DirectoryError::Io { path: directory.to_owned(), source };
    let path = directory.join("tables.json");
    match fs::read(&path) {
        Ok(made) if serde_json::from_slice(&made).is_ok_and(|made: Json| made == *declared) => Ok(()),
        Ok(_) => Err(DirectoryError::OtherTables(directory.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::write(&path, format!("{declared:#}\n")).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}
