//! What pages are made of. Each part takes data and returns markup.

pub mod badges;
pub mod body;
pub mod chart;
pub mod facets;
pub mod forms;
pub mod histogram;
pub mod icons;
pub mod list;
pub mod listing;
pub mod numbers;
pub mod pager;
pub mod times;
