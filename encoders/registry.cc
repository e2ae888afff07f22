#include "encoders/registry.h"
