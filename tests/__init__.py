"""The tests of Ringfence, and the real servers they run on (`tests.servers`)."""
