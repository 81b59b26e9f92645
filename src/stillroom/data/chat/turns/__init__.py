"""The turns of a rendered conversation: which tokens the assistant wrote, and what forges one."""
